/*
 * life.c - a process that lives at random: `life SEED DEPTH [CROWD]`.
 *
 * It forks, orphans, daemonizes, stops, executes itself anew, ignores or
 * handles signals, and ends with any code, all from the seed, so that a run
 * of tests/soak/soak.py can be lived again.  With CROWD it has so many children
 * at first, which do nothing.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;

/* xorshift64: good enough, and the same everywhere. */
static unsigned draw(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % below);
}

static void nap(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static void on_signal(int signal)
{
	(void)signal;
	nap(draw(300));
	if (draw(3) != 0)
		_exit((int)draw(256));
}

static void choose_signals(void)
{
	static const int some[] = { SIGTERM, SIGINT,  SIGHUP, SIGQUIT,
				    SIGUSR1, SIGUSR2, SIGTSTP };

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		switch (draw(4)) {
		case 0:
			signal(some[i], SIG_IGN);
			break;
		case 1:
			signal(some[i], on_signal);
			break;
		default:
			signal(some[i], SIG_DFL);
		}
	}
}

static void have_child(int depth)
{
	uint64_t seed = state ^ (draw(1u << 30) + UINT64_C(0x9E3779B97F4A7C15));
	unsigned kind = draw(5);
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (pid > 0) {
		if (draw(3) == 0)
			waitpid(pid, NULL, WNOHANG);
		return;
	}
	if (kind == 0)
		setsid();
	if (kind == 1 && (setsid() < 0 || fork() > 0))
		_exit(0);
	if (kind == 2)
		setpgid(0, 0);
	if (kind == 3) {
		char seed_text[32], depth_text[16];

		snprintf(seed_text, sizeof(seed_text), "%llu",
			 (unsigned long long)seed);
		snprintf(depth_text, sizeof(depth_text), "%d", depth);
		execl("/proc/self/exe", "life", seed_text, depth_text,
		      (char *)NULL);
	}
	state = seed | 1;
}

static void live(int depth)
{
	unsigned steps = 1 + draw(6);

	choose_signals();
	while (steps-- > 0) {
		switch (draw(8)) {
		case 0:
		case 1:
		case 2:
			if (depth > 0) {
				pid_t before = getpid();

				have_child(depth - 1);
				if (getpid() != before)
					depth--;
			}
			break;
		case 3:
			if (draw(6) == 0)
				raise(draw(2) ? SIGSTOP : SIGTSTP);
			break;
		case 4:
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			break;
		default:
			nap(draw(200));
		}
	}
	if (draw(3) == 0)
		nap(100000);
	if (draw(10) == 0)
		kill(getpid(), draw(2) ? SIGKILL : SIGSEGV);
	exit((int)draw(256));
}

static void have_crowd(int count)
{
	while (count-- > 0) {
		if (fork() == 0) {
			for (;;)
				pause();
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (argc > 3)
		have_crowd(atoi(argv[3]));
	state = strtoull(argv[1], NULL, 10) | 1;
	for (int i = 0; i < 8; i++)
		(void)draw(2);
	live(atoi(argv[2]));
}
