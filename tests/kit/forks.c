/* forks.c: the program, run again and again by a process that has loaded it once. Where starting a process is slow,
 * loading its libraries takes four fifths of a short run; a fork has them already.
 *
 * forks OUT ERR reads requests from stdin: the number of bytes as a line, and then that many, the arguments, each ended
 * by a 0. For each it forks, prints the child's number as a line, runs main() of the program there, with stdout and
 * stderr in the files OUT and ERR, and prints as a line how it ended: its exit code, or minus the signal. */
int program_main(int argc, char **argv);
#define main program_main
#include "../../src/main.c"
#undef main
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

enum { MOST = 4096 }; /* arguments */

/* Makes a file, emptied, the descriptor fd. */
static void redirect(const char *path, int fd)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, fd) < 0) _exit(99);
    close(file);
}

/* In the child: the program with the arguments in text [n]. */
static void child(char *text, size_t n, char **files)
{
    static char *argv[MOST + 2] = {"netmip"};
    int argc = 1;
    for (size_t i = 0; i < n; i += strlen(text + i) + 1) {
        if (argc > MOST) _exit(99);
        argv[argc++] = text + i;
    }
    redirect(files[1], 1);
    redirect(files[2], 2);
    const int none = open("/dev/null", O_RDONLY);
    dup2(none, 0);
    close(none);
    exit(program_main(argc, argv));
}

int main(int argc, char **argv)
{
    size_t n;
    int status;
    if (argc != 3) return 2;
    while (scanf("%zu", &n) == 1 && getchar() == '\n') {
        char *text = calloc(n + 1, 1);
        if (!text || fread(text, 1, n, stdin) != n) return 1;
        fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) child(text, n, argv);
        if (pid < 0) return 1;
        printf("%d\n", (int)pid);
        fflush(stdout);
        if (waitpid(pid, &status, 0) < 0) return 1;
        printf("%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
        fflush(stdout);
        free(text);
    }
    return 0;
}
