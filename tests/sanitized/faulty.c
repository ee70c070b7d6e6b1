/* faulty.c - reads past an array: proves that a report is seen. */
int main(int argc, char **argv)
{
	char array[4] = { 0 };

	(void)argv;
	return array[argc * 4];
}
