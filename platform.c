/*
 * platform.c - which platform the environment shows, and what it gives by
 * default between its stop request and its SIGKILL.
 *
 * Pure.  No platform but Railway tells the period that is really configured,
 * so this is for advice only: budget.c decides nothing by it.  Called by
 * init.c for the log and by plan.c for the warning.
 */
#include <string.h>

#include "init.h"

/*
 * The first that is found counts.  What runs on top of another platform comes
 * before it: Knative sets K_SERVICE, too, but on Kubernetes, and a Nomad or
 * ECS task may well be a Docker container.
 */
static const struct {
	const char *variable; /* NAME=, or the whole of NAME=VALUE */
	struct platform platform;
} platforms[] = {
	{ "CONTAINER_APP_NAME=",
	  { "Azure Container Apps", 30 * NS_PER_S,
	    "terminationGracePeriodSeconds" } },
	{ "FLY_APP_NAME=", { "Fly.io", 5 * NS_PER_S, "kill_timeout" } },
	{ "NOMAD_ALLOC_ID=", { "Nomad", 5 * NS_PER_S, "kill_timeout" } },
	{ "ECS_CONTAINER_METADATA_URI_V4=",
	  { "ECS", 30 * NS_PER_S, "stopTimeout" } },
	/* Heroku and Cloud Run cannot be told to give more. */
	{ "DYNO=", { "Heroku", 30 * NS_PER_S, "--platform-grace 30s" } },
	{ "KUBERNETES_SERVICE_HOST=",
	  { "Kubernetes", 30 * NS_PER_S, "terminationGracePeriodSeconds" } },
	{ "K_SERVICE=",
	  { "Cloud Run", 10 * NS_PER_S, "--platform-grace 10s" } },
	{ "container=podman",
	  { "Podman", 10 * NS_PER_S, "podman run --stop-timeout" } },
};

static const struct platform docker = {
	"Docker",
	10 * NS_PER_S,
	"docker run --stop-timeout",
};

static bool is_set(char *const *envp, const char *variable)
{
	size_t length = strlen(variable);

	for (; *envp; envp++) {
		if (strncmp(*envp, variable, length) != 0)
			continue;
		if (variable[length - 1] == '=' || (*envp)[length] == '\0')
			return true;
	}
	return false;
}

bool platform_find(struct platform *p, char *const *envp, bool dockerenv)
{
	for (size_t i = 0; i < sizeof(platforms) / sizeof(*platforms); i++) {
		if (is_set(envp, platforms[i].variable)) {
			*p = platforms[i].platform;
			return true;
		}
	}
	*p = docker;
	return dockerenv;
}
