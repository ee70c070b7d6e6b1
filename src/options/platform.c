/*
 * platform.c - which platform the environment shows, and what it gives by
 * default between its stop request and its SIGKILL.
 *
 * Pure.  Hardly any platform tells the period that is really configured, so
 * this is only for advice, in the log and in --plan: defaults.c does not use
 * it.
 */
#include <signal.h>

#include "lib/clock.h"
#include "lib/parse.h"
#include "lib/text.h"
#include "options/platform.h"

/*
 * The first one found counts.  A platform that runs on top of another comes
 * before it: Knative also sets K_SERVICE, but on Kubernetes, and a Nomad or ECS
 * task may well be a Docker container.
 */
static const struct {
	const char *variable; /* NAME=, or the whole of NAME=VALUE */
	struct platform platform;
} platforms[] = {
	{ "CONTAINER_APP_NAME=",
	  { "Azure Container Apps", 30 * NS_PER_S,
	    "terminationGracePeriodSeconds", SIGTERM } },
	{ "FLY_APP_NAME=", { "Fly.io", 5 * NS_PER_S, "kill_timeout", SIGINT } },
	{ "NOMAD_ALLOC_ID=",
	  { "Nomad", 5 * NS_PER_S, "kill_timeout", SIGTERM } },
	{ "ECS_CONTAINER_METADATA_URI_V4=",
	  { "ECS", 30 * NS_PER_S, "stopTimeout", SIGTERM } },
	/* Heroku and Cloud Run have no setting for more time. */
	{ "DYNO=",
	  { "Heroku", 30 * NS_PER_S, "--platform-grace 30s", SIGTERM } },
	{ "KUBERNETES_SERVICE_HOST=",
	  { "Kubernetes", 30 * NS_PER_S, "terminationGracePeriodSeconds",
	    SIGTERM } },
	{ "K_SERVICE=",
	  { "Cloud Run", 10 * NS_PER_S, "--platform-grace 10s", SIGTERM } },
	{ "container=podman",
	  { "Podman", 10 * NS_PER_S, "podman run --stop-timeout", SIGTERM } },
};

static const struct platform docker = {
	"Docker",
	10 * NS_PER_S,
	"docker run --stop-timeout or Compose's stop_grace_period",
	SIGTERM,
};

static bool is_set(char *const *envp, const char *variable)
{
	for (; *envp; envp++) {
		const char *rest = *envp + text_starts(*envp, variable);

		if (rest > *envp && (rest[-1] == '=' || *rest == '\0'))
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

bool platform_warn(struct text *t, const struct platform *p, int64_t grace_ns)
{
	if (p->default_ns > grace_ns)
		return false;
	text_format(t, "grace is %t, but %s gives %t ", grace_ns, p->name,
		    p->default_ns);
	if (p->setting[0] == '-')
		text_format(t, "before its SIGKILL: say %s", p->setting);
	else
		text_format(t,
			    "by default before its SIGKILL: set %s above %t, "
			    "or say --platform-grace %t",
			    p->setting, grace_ns, p->default_ns);
	return true;
}
