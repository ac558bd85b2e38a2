/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Makes a chosen system call of a program, or of a child of it, fail.
 *
 *   fault [-o LOG] [ROLE CALL FIRST COUNT ERROR]... -- COMMAND...
 *
 * ROLE is "gate", the program itself, or "agent", "porter", "finder" or
 * "bearer", for those that name themselves so after a "-" by prctl(2). CALL is
 * a system call's name; fcntl, ioctl and prlimit64, which are many calls in
 * one, are told apart by their second argument in hexadecimal, as in
 * "ioctl:541b". From its FIRST time on (1 is the first), the CALL fails COUNT
 * times with ERROR, an errno number, and has no effect; "short" as ERROR lets
 * it move half of the bytes that were asked for.  What the dynamic loader does
 * is not counted.  To LOG goes a line for each call, "ROLE CALL", and one for
 * each that failed, "fired ROLE CALL".
 */

#define TASKS_MAX  64
#define FAULTS_MAX 16
#define CALLS_MAX  1024
#define COUNTS_MAX 512

enum role { GATE, AGENT, PORTER, FINDER, BEARER, OTHER, ROLE_COUNT };

static const char *const role_names[ROLE_COUNT] = { "gate",   "agent",
                                                    "porter", "finder",
                                                    "bearer", "other" };

struct call {
    enum role role;
    int number;
    unsigned command; /* of those that are many calls in one, else 0 */
};

struct fault {
    struct call call;
    unsigned first, count;
    int error; /* 0: short */
};

struct count {
    struct call call;
    unsigned n;
};

struct task {
    pid_t pid; /* 0: unused */
    enum role role;
    bool is_new;    /* its first stop is the kernel's */
    bool inside;    /* a call */
    int fail_error; /* what the call it is inside of is to return; 0: its own */
};

static struct task tasks[TASKS_MAX];
static struct fault faults[FAULTS_MAX];
static size_t fault_count;
static struct count counts[COUNTS_MAX];
static size_t count_count;
static unsigned long long loader_start, loader_end;
static int log_fd = -1;

static void die(const char *what)
{
    perror(what);
    exit(125);
}

/* --- registers --- */

static void get_registers(pid_t pid, struct user_regs_struct *regs)
{
    struct iovec iov = { regs, sizeof(*regs) };

    (void)ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
}

static void set_registers(pid_t pid, struct user_regs_struct *regs)
{
    struct iovec iov = { regs, sizeof(*regs) };

    (void)ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

/* A call without effect, that every filter allows. */
static void make_harmless(pid_t pid)
{
#if defined(__x86_64__)
    struct user_regs_struct regs;

    get_registers(pid, &regs);
    regs.orig_rax = SYS_getpid;
    set_registers(pid, &regs);
#elif defined(__aarch64__)
    int call = SYS_getpid;
    struct iovec iov = { &call, sizeof(call) };

    (void)ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
#else
#error "how does this machine number its calls?"
#endif
}

static void set_result(pid_t pid, long value)
{
    struct user_regs_struct regs;

    get_registers(pid, &regs);
#if defined(__x86_64__)
    regs.rax = (unsigned long long)value;
#else
    regs.regs[0] = (unsigned long long)value;
#endif
    set_registers(pid, &regs);
}

static void halve_length(pid_t pid, bool is_splice)
{
    struct user_regs_struct regs;
    unsigned long long *length;

    get_registers(pid, &regs);
#if defined(__x86_64__)
    length = is_splice ? (unsigned long long *)&regs.r8
                       : (unsigned long long *)&regs.rdx;
#else
    length = (unsigned long long *)&regs.regs[is_splice ? 4 : 2];
#endif
    *length = (*length + 1) / 2;
    set_registers(pid, &regs);
}

/* --- who is who --- */

static struct task *task_of(pid_t pid)
{
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (tasks[i].pid == pid)
            return &tasks[i];
    return NULL;
}

static struct task *task_add(pid_t pid, enum role role)
{
    struct task *task = task_of(pid);

    if (task != NULL)
        return task;
    task = task_of(0);
    if (task == NULL) {
        fprintf(stderr, "fault: too many processes\n");
        exit(125);
    }
    *task = (struct task){ .pid = pid, .role = role, .is_new = true };
    return task;
}

/* Until it gives itself a name, a child has no role. */
static void note_fork(const struct task *parent)
{
    unsigned long pid = 0;

    if (ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid) == 0)
        (void)task_add((pid_t)pid, OTHER);
}

static void note_name(struct task *task, unsigned long long at)
{
    char name[16] = "";
    struct iovec here = { name, sizeof(name) - 1 };
    struct iovec there = { (void *)(uintptr_t)at, sizeof(name) - 1 };

    if (process_vm_readv(task->pid, &here, 1, &there, 1, 0) <= 0)
        return;
    for (enum role role = AGENT; role < OTHER; role++)
        if (strcmp(name + strcspn(name, "-") + 1, role_names[role]) == 0)
            task->role = role;
}

/* Where the dynamic loader's own code lies. */
static void find_loader(pid_t pid)
{
    char path[64], line[512], name[256], loader[256] = "";
    unsigned long long start, end;
    unsigned long aux[2], base = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
    file = fopen(path, "r");
    while (file != NULL && fread(aux, sizeof(aux), 1, file) == 1)
        if (aux[0] == AT_BASE)
            base = aux[1];
    if (file != NULL)
        (void)fclose(file);
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        name[0] = '\0';
        if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %255s", &start, &end,
                   name) < 2)
            continue;
        if (start == base) {
            memcpy(loader, name, sizeof(loader));
            loader_start = start;
        }
        if (loader[0] != '\0' && strcmp(loader, name) == 0)
            loader_end = end;
    }
    if (file != NULL)
        (void)fclose(file);
}

/* --- calls --- */

static void note(const char *prefix, const struct call *call)
{
    char line[128], command[16] = "";
    char *name =
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call->number);
    int len;

    if (call->command != 0)
        (void)snprintf(command, sizeof(command), ":%x", call->command);
    len = snprintf(line, sizeof(line), "%s%s %s%s\n", prefix,
                   role_names[call->role], name != NULL ? name : "?", command);
    free(name);
    if (log_fd >= 0 && len > 0 && write(log_fd, line, (size_t)len) < 0)
        die("fault: write the log");
}

static bool is_same(const struct call *a, const struct call *b)
{
    return a->role == b->role && a->number == b->number &&
           a->command == b->command;
}

/* How often it has been made now. */
static unsigned count(const struct call *call)
{
    size_t i = 0;

    while (i < count_count && !is_same(&counts[i].call, call))
        i++;
    if (i == COUNTS_MAX) {
        fprintf(stderr, "fault: too many different calls\n");
        exit(125);
    }
    if (i == count_count)
        counts[count_count++].call = *call;
    return ++counts[i].n;
}

static void inject(struct task *task, const struct fault *fault)
{
    note("fired ", &fault->call);
    if (fault->error == 0) {
        halve_length(task->pid, fault->call.number == SYS_splice);
        return;
    }
    make_harmless(task->pid);
    task->fail_error = fault->error;
}

static void entered(struct task *task, const struct __ptrace_syscall_info *info)
{
    struct call call = { .role = task->role, .number = (int)info->entry.nr };
    unsigned n;

    if (call.number == SYS_prctl && info->entry.args[0] == PR_SET_NAME &&
        task->role == OTHER)
        note_name(task, info->entry.args[1]);
    if (call.number < 0 || call.number >= CALLS_MAX || task->role == OTHER ||
        (info->instruction_pointer >= loader_start &&
         info->instruction_pointer < loader_end))
        return;
    if (call.number == SYS_fcntl || call.number == SYS_ioctl ||
        call.number == SYS_prlimit64)
        call.command = (unsigned)info->entry.args[1];
    n = count(&call);
    note("", &call);
    for (size_t i = 0; i < fault_count; i++)
        if (is_same(&faults[i].call, &call) && n >= faults[i].first &&
            n - faults[i].first < faults[i].count)
            inject(task, &faults[i]);
}

static void at_call(struct task *task)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, task->pid, sizeof(info), &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        entered(task, &info);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->fail_error != 0) {
        set_result(task->pid, -task->fail_error);
        task->fail_error = 0;
    }
}

/* Returns the signal that the task is to be given. */
static int stopped(struct task *task, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16;

    if (signal == (SIGTRAP | 0x80)) {
        at_call(task);
        return 0;
    }
    if (event == PTRACE_EVENT_EXEC)
        find_loader(task->pid);
    else if (event != 0)
        note_fork(task);
    if (event != 0)
        return 0;
    if (task->is_new && signal == SIGSTOP) {
        task->is_new = false;
        return 0;
    }
    return signal;
}

/* Until all have ended; returns how the first did. */
static int follow(pid_t first)
{
    int status, result = 125;
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        struct task *task = task_of(pid);

        if (!WIFSTOPPED(status)) {
            if (pid == first)
                result = WIFEXITED(status) ? WEXITSTATUS(status)
                                           : 128 + WTERMSIG(status);
            if (task != NULL)
                task->pid = 0;
            continue;
        }
        if (task == NULL)
            task = task_add(pid, OTHER);
        (void)ptrace(PTRACE_SYSCALL, pid, 0, (long)stopped(task, status));
    }
    return result;
}

static pid_t start(char **command)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                         PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    pid_t pid = fork();
    int status;

    if (pid < 0)
        die("fault: fork");
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || raise(SIGSTOP) != 0)
            die("fault: be traced");
        (void)execvp(command[0], command);
        die(command[0]);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, pid, 0, options) != 0)
        die("fault: trace");
    /* Whoever waits for the end of a descriptor shall not wait for us. */
    (void)close_range(STDERR_FILENO + 1,
                      log_fd < 0 ? ~0u : (unsigned)log_fd - 1, 0);
    if (log_fd >= 0)
        (void)close_range((unsigned)log_fd + 1, ~0u, 0);
    task_add(pid, GATE)->is_new = false;
    (void)ptrace(PTRACE_SYSCALL, pid, 0, 0);
    return pid;
}

/* --- the command line --- */

static unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value > 1000000) {
        fprintf(stderr, "fault: not a number: %s\n", text);
        exit(125);
    }
    return (unsigned)value;
}

static void add_fault(char **words)
{
    struct fault *fault = &faults[fault_count];
    char *command = strchr(words[1], ':');

    if (command != NULL) {
        *command++ = '\0';
        fault->call.command = (unsigned)strtoul(command, NULL, 16);
    }
    fault->call.number = seccomp_syscall_resolve_name(words[1]);
    if (++fault_count > FAULTS_MAX || fault->call.number < 0 ||
        fault->call.number >= CALLS_MAX) {
        fprintf(stderr, "fault: too many, or unknown: %s\n", words[1]);
        exit(125);
    }
    while (fault->call.role < OTHER &&
           strcmp(words[0], role_names[fault->call.role]) != 0)
        fault->call.role++;
    fault->first = number(words[2]);
    fault->count = number(words[3]);
    fault->error = strcmp(words[4], "short") == 0 ? 0 : (int)number(words[4]);
}

int main(int argc, char **argv)
{
    int i = 1;

    if (argc > 2 && strcmp(argv[1], "-o") == 0) {
        log_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0)
            die(argv[2]);
        i = 3;
    }
    for (;
         i + 5 < argc && fault_count < FAULTS_MAX && strcmp(argv[i], "--") != 0;
         i += 5)
        add_fault(&argv[i]);
    if (i + 1 >= argc || strcmp(argv[i], "--") != 0) {
        fprintf(stderr, "usage: fault [-o LOG] "
                        "[ROLE CALL FIRST COUNT ERROR]... -- COMMAND...\n");
        return 125;
    }
    return follow(start(&argv[i + 1]));
}
