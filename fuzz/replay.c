/*
 * A fuzz target without its fuzzer: the empty input first, as a fuzzer does,
 * then each file that is named, each to its end. What crashes a target once
 * stands in fuzz/corpus, and every run of the tests (t/fuzz-corpus.t) shows
 * that it does so no more.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1 << 20)

/* Of just the size, so that a sanitizer sees one byte too many. */
static void replay_bytes(const char *bytes, size_t size)
{
    uint8_t *exact = calloc(1, size);

    if (exact == NULL && size)
        abort();
    if (size)
        memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static bool replay_file(const char *path)
{
    static char bytes[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    size_t size;

    if (f == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    size = fread(bytes, 1, sizeof(bytes), f);
    if (ferror(f) || !feof(f)) {
        fprintf(stderr, "%s: cannot be read, or is too long\n", path);
        fclose(f);
        return false;
    }
    fclose(f);
    replay_bytes(bytes, size);
    return true;
}

int main(int argc, char **argv)
{
    int i;

    replay_bytes("", 0);
    for (i = 1; i < argc; i++)
        if (!replay_file(argv[i]))
            return 1;
    return 0;
}
