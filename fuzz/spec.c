/*
 * Jobs as the store keeps them: any bytes are read or refused, and what was
 * read is written, read again and written the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct dispatch_spec *s)
{
    struct dispatch_spec again = {0};
    struct buf one = BUF_INIT, two = BUF_INIT;
    char *wrong;

    spec_write(s, &one);
    wrong = spec_read(&again, buf_data(&one), buf_len(&one));
    if (wrong)
        abort();
    spec_write(&again, &two);
    if (strcmp(buf_str(&one), buf_str(&two)) != 0)
        abort();
    buf_free(&one);
    buf_free(&two);
    dispatch_spec_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dispatch_spec s = {0};
    char *wrong = spec_read(&s, (const char *)data, size);

    if (!wrong)
        check_again(&s);
    free(wrong);
    dispatch_spec_free(&s);
    return 0;
}
