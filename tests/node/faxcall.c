/* Places real fax calls: two T.30 endpoints exchange V.17 audio sample by sample in memory, and the receiving one asks a
   program (`faxguardctl node pipe`) at every stage, from within the callbacks of phases B, D and E, as a media server
   would. While a callback waits, the line does not: the sender goes on sending into it.

   usage: faxcall PAGES.tif RECEIVED.tif PROGRAM [ARGUMENT...]

   Reads a line for each call to place and prints one when it is over:
       result=R sender=S receiver=V pages=P served=A reused=B unscored=C decisions=D wait-ms=W stall-ms=X
   R is `ok`, `refused` (the program said so) or `failed`; S and V are completion codes of spandsp; D counts different
   decisions; W is the longest wait for an answer, X the longest time beyond its own time-out that this process was kept
   from going on by the machine. FAXCALL_HANDSHAKE_MS in the environment makes it wait that long at the handshake. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <tiffio.h>
#include <spandsp.h>

enum { RATE = 8000, BLOCK = 160, LONGEST_S = 600 };
/* Longest wait for an answer: a little more than the program itself waits at that stage, in milliseconds. */
enum { WAIT_OFFERED = 600, WAIT_PAGE = 1200, WAIT_RECEIVED = 6000 };
static double wait_handshake = 60;

static int to_program, from_program;
/* Answers that came too late and are still to be read over. */
static int late_answers;
static char pending[65536];
static size_t pending_bytes;

/* The call that is up. */
static struct {
    int number, refused, served, reused, unscored, decisions, pages;
    int sender_code, receiver_code, sender_over, receiver_over;
    double longest_wait, longest_stall, waited;
    char decision[64];
} call;

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/* What a machine at the far end said, as the inside of a JSON string. */
static const char *escaped(const char *text, char *out, size_t size)
{
    size_t at = 0;
    for (; text && *text && at + 7 < size; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
            at += (size_t)snprintf(out + at, size - at, "\\u%04x", byte);
        else
            out[at++] = (char)byte;
    }
    out[at] = '\0';
    return out;
}

/* The next whole line of the program, or nothing within that time. */
static int line_within(double milliseconds, char *line, size_t size)
{
    double until = now_ms() + milliseconds;
    for (;;) {
        char *end = memchr(pending, '\n', pending_bytes);
        if (end) {
            size_t bytes = (size_t)(end - pending);
            size_t kept = bytes < size - 1 ? bytes : size - 1;
            memcpy(line, pending, kept);
            line[kept] = '\0';
            pending_bytes -= bytes + 1;
            memmove(pending, end + 1, pending_bytes);
            return 1;
        }
        double left = until - now_ms();
        struct pollfd ready = { .fd = from_program, .events = POLLIN };
        if (left <= 0 || poll(&ready, 1, (int)(left + 0.999)) <= 0)
            return 0;
        ssize_t got = read(from_program, pending + pending_bytes, sizeof pending - pending_bytes);
        if (got <= 0)
            return 0;
        pending_bytes += (size_t)got;
    }
}

/* Puts a stage to the program. Returns 1 when the call is to be refused; without an answer in time it goes on. */
static int ask(double wait, const char *stage)
{
    char line[4096], request[8192];
    int bytes = snprintf(request, sizeof request,
        "{\"faxId\":\"faxcall-%d-%d\",\"inbound\":{\"callerNumber\":\"+1%03d555%04d\","
        "\"calledNumber\":\"+1%03d556%04d\",\"trunk\":\"memory\"},%s}\n",
        (int)getpid(), call.number, 201 + call.number % 700, call.number % 10000,
        202 + call.number % 600, call.number % 10000, stage);
    double begun = now_ms();
    int answered = 0;
    if (write(to_program, request, (size_t)bytes) == bytes) {
        for (;;) {
            double left = wait - (now_ms() - begun);
            if (left <= 0 || !line_within(left, line, sizeof line))
                break;
            if (late_answers == 0) {
                answered = 1;
                break;
            }
            late_answers--;
        }
        if (!answered)
            late_answers++;
    }
    double took = now_ms() - begun;
    call.waited += took;
    if (took > call.longest_wait)
        call.longest_wait = took;
    if (took - wait > call.longest_stall)
        call.longest_stall = took - wait;
    if (!answered || strstr(line, " unscored")) {
        call.unscored++;
        return 0;
    }
    if (strstr(line, " served"))
        call.served++;
    if (strstr(line, " reused"))
        call.reused++;
    const char *decision = strstr(line, " decision=");
    if (decision) {
        char id[64];
        snprintf(id, sizeof id, "%.32s", decision + strlen(" decision="));
        if (strcmp(id, call.decision) != 0)
            call.decisions++;
        snprintf(call.decision, sizeof call.decision, "%s", id);
    }
    return strncmp(line, "refuse-call", 11) == 0 || strncmp(line, "defer", 5) == 0;
}

static int phase_b(t30_state_t *state, void *user, int result)
{
    char stage[2048], tsi[256], sub[256];
    t30_stats_t stats;
    (void)user;
    (void)result;
    t30_get_transfer_statistics(state, &stats);
    snprintf(stage, sizeof stage,
        "\"handshake\":{\"tsi\":\"%s\",\"subAddress\":\"%s\",\"rateBps\":%d,\"ecm\":%s,"
        "\"transport\":\"TRANSPORT_AUDIO\"}",
        escaped(t30_get_rx_ident(state), tsi, sizeof tsi),
        escaped(t30_get_rx_sub_address(state), sub, sizeof sub),
        stats.bit_rate, stats.error_correcting_mode ? "true" : "false");
    if (ask(wait_handshake, stage)) {
        call.refused = 1;
        return T30_ERR_IDENT_UNACCEPTABLE;
    }
    return T30_ERR_OK;
}

static int phase_d(t30_state_t *state, void *user, int result)
{
    char stage[2048];
    t30_stats_t stats;
    (void)user;
    (void)result;
    t30_get_transfer_statistics(state, &stats);
    snprintf(stage, sizeof stage,
        "\"page\":{\"pageNumber\":%d,\"rowCount\":%d,\"badRowCount\":%d,\"sizeBytes\":%d}",
        stats.pages_rx > 0 ? stats.pages_rx : 1, stats.length, stats.bad_rows, stats.image_size);
    ask(WAIT_PAGE, stage);
    return T30_ERR_OK;
}

static void phase_e_receiver(t30_state_t *state, void *user, int code)
{
    char stage[2048];
    t30_stats_t stats;
    (void)user;
    t30_get_transfer_statistics(state, &stats);
    call.pages = stats.pages_rx;
    call.receiver_code = code;
    call.receiver_over = 1;
    snprintf(stage, sizeof stage,
        "\"received\":{\"outcome\":\"%s\",\"pageCount\":%d}",
        code == T30_ERR_OK ? "RECEIVE_OUTCOME_COMPLETE"
            : stats.pages_rx > 0 ? "RECEIVE_OUTCOME_PARTIAL" : "RECEIVE_OUTCOME_NO_PAGES",
        stats.pages_rx);
    ask(WAIT_RECEIVED, stage);
}

static void phase_e_sender(t30_state_t *state, void *user, int code)
{
    (void)state;
    (void)user;
    call.sender_code = code;
    call.sender_over = 1;
}

/* One call from ringing to hang-up. */
static void place(const char *pages, const char *received)
{
    int number = call.number + 1;
    memset(&call, 0, sizeof call);
    call.number = number;
    if (ask(WAIT_OFFERED, "\"callOffered\":{\"callerName\":\"IN MEMORY\"}")) {
        call.refused = 1;
        return;
    }
    fax_state_t *sender = fax_init(NULL, TRUE), *receiver = fax_init(NULL, FALSE);
    t30_state_t *from = fax_get_t30_state(sender), *to = fax_get_t30_state(receiver);
    int codings =
        T30_SUPPORT_T4_1D_COMPRESSION | T30_SUPPORT_T4_2D_COMPRESSION | T30_SUPPORT_T6_COMPRESSION;
    t30_set_tx_ident(from, "+1 201 555 0123");
    t30_set_tx_sub_address(from, "4711");
    t30_set_tx_file(from, pages, -1, -1);
    t30_set_ecm_capability(from, TRUE);
    t30_set_supported_compressions(from, codings);
    t30_set_tx_ident(to, "RECEIVER");
    t30_set_rx_file(to, received, -1);
    t30_set_ecm_capability(to, TRUE);
    t30_set_supported_compressions(to, codings);
    t30_set_supported_t30_features(to, T30_SUPPORT_IDENTIFICATION | T30_SUPPORT_SUB_ADDRESSING);
    t30_set_phase_e_handler(from, phase_e_sender, NULL);
    t30_set_phase_b_handler(to, phase_b, NULL);
    t30_set_phase_d_handler(to, phase_d, NULL);
    t30_set_phase_e_handler(to, phase_e_receiver, NULL);
    int16_t out[BLOCK], back[BLOCK], silence[BLOCK] = { 0 };
    call.waited = 0;
    for (long samples = 0; samples < (long)RATE * LONGEST_S; samples += BLOCK) {
        if (call.sender_over && call.receiver_over)
            break;
        int made = fax_tx(sender, out, BLOCK);
        memset(out + made, 0, sizeof *out * (size_t)(BLOCK - made));
        made = fax_tx(receiver, back, BLOCK);
        memset(back + made, 0, sizeof *back * (size_t)(BLOCK - made));
        fax_rx(receiver, out, BLOCK);
        fax_rx(sender, back, BLOCK);
        /* While the receiver waited, the sender sent and heard nothing. */
        long missed = (long)(call.waited * RATE / 1000);
        call.waited = 0;
        for (; missed >= BLOCK && !call.receiver_over; missed -= BLOCK, samples += BLOCK) {
            fax_tx(sender, out, BLOCK);
            fax_rx(sender, silence, BLOCK);
        }
    }
    fax_release(sender);
    fax_release(receiver);
    fax_free(sender);
    fax_free(receiver);
}

static void start(char **program)
{
    int there[2], back[2];
    if (pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC)) {
        perror("pipe");
        exit(1);
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(there[0], STDIN_FILENO);
        dup2(back[1], STDOUT_FILENO);
        execv(program[0], program);
        perror("exec");
        _exit(127);
    }
    close(there[0]);
    close(back[1]);
    to_program = there[1];
    from_program = back[0];
}

int main(int count, char **words)
{
    char order[64];
    if (count < 4) {
        fprintf(stderr, "usage: faxcall PAGES.tif RECEIVED.tif PROGRAM [ARGUMENT...]\n");
        return 64;
    }
    if (getenv("FAXCALL_HANDSHAKE_MS"))
        wait_handshake = atof(getenv("FAXCALL_HANDSHAKE_MS"));
    signal(SIGPIPE, SIG_IGN);
    start(words + 3);
    while (fgets(order, sizeof order, stdin)) {
        place(words[1], words[2]);
        int well = call.sender_over && call.receiver_over && call.sender_code == T30_ERR_OK
            && call.receiver_code == T30_ERR_OK && call.pages > 0;
        printf("result=%s sender=%d receiver=%d pages=%d served=%d reused=%d unscored=%d "
               "decisions=%d wait-ms=%.0f stall-ms=%.0f\n",
            call.refused ? "refused" : well ? "ok" : "failed", call.sender_code,
            call.receiver_code, call.pages, call.served, call.reused, call.unscored,
            call.decisions, call.longest_wait, call.longest_stall);
        fflush(stdout);
    }
    close(to_program);
    wait(NULL);
    return 0;
}
