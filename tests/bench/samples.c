/*
 * samples.c - the numbers of one measurement, and their median.
 */
#include "bench.h"

#include <stdlib.h>

void samples_open(struct samples *s, int size)
{
	s->size = size;
	for (int i = 0; i < PEERS; i++) {
		s->count[i] = 0;
		s->value[i] = calloc((size_t)size, sizeof(double));
		if (!s->value[i])
			die("calloc");
	}
}

void samples_add(struct samples *s, int peer, double value)
{
	if (s->count[peer] < s->size)
		s->value[peer][s->count[peer]++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_median(struct samples *s, int peer)
{
	int count = s->count[peer];
	double *value = s->value[peer];

	if (count == 0)
		return -1;
	qsort(value, (size_t)count, sizeof(*value), compare);
	return (value[(count - 1) / 2] + value[count / 2]) / 2;
}

double samples_most(struct samples *s, int peer)
{
	double most = -1;

	for (int i = 0; i < s->count[peer]; i++)
		if (s->value[peer][i] > most)
			most = s->value[peer][i];
	return most;
}

void samples_close(struct samples *s)
{
	for (int i = 0; i < PEERS; i++)
		free(s->value[i]);
}
