#include "lib/duration.h"

#include <stdio.h>
#include <string.h>

#include "lib/mem.h"

static const struct {
    const char *name;
    int64_t ns;
} units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xc2\xb5s", 1000},
    {"\xce\xbcs", 1000},
    {"ms", 1000000},
    {"s", INT64_C(1000000000)},
    {"m", INT64_C(60000000000)},
    {"h", INT64_C(3600000000000)},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool refuse(char *why, size_t size, const char *what, const char *text)
{
    if (why)
        snprintf(why, size, "time: %s \"%.64s\"", what, text);
    return false;
}

/* Digits as far as they go; false: it is too much. */
static bool take_digits(const char **p, int64_t *n)
{
    for (*n = 0; is_digit(**p); (*p)++)
        if (__builtin_mul_overflow(*n, 10, n) ||
            __builtin_add_overflow(*n, **p - '0', n))
            return false;
    return true;
}

/* What stands behind the point, as a part of one. */
static double take_fraction(const char **p)
{
    double value = 0, scale = 1;

    for (; is_digit(**p); (*p)++) {
        if (scale < 1e18) {
            scale *= 10;
            value = value * 10 + (**p - '0');
        }
    }
    return value / scale;
}

static const char *take_unit(const char **p, int64_t *ns)
{
    size_t len = 0, i;

    while ((*p)[len] && (*p)[len] != '.' && !is_digit((*p)[len]))
        len++;
    if (!len)
        return "missing unit in duration";
    for (i = 0; i < ARRAY_LEN(units); i++)
        if (strlen(units[i].name) == len && !memcmp(units[i].name, *p, len)) {
            *ns = units[i].ns;
            *p += len;
            return NULL;
        }
    return "";
}

/* One number and its unit, added to sum. NULL, or what is wrong; "": the unit,
 * at *p. */
static const char *take_part(const char **p, int64_t *sum)
{
    static const char invalid[] = "invalid duration";
    const char *from = *p, *wrong;
    double fraction = 0;
    int64_t n, unit;

    if (!is_digit(**p) && **p != '.')
        return invalid;
    if (!take_digits(p, &n))
        return invalid;
    if (**p == '.') {
        (*p)++;
        if (!is_digit(**p) && *p - from < 2)
            return invalid;
        fraction = take_fraction(p);
    }
    wrong = take_unit(p, &unit);
    if (wrong)
        return wrong;
    if (__builtin_mul_overflow(n, unit, &n) ||
        __builtin_add_overflow(n, (int64_t)(fraction * (double)unit), &n) ||
        __builtin_add_overflow(*sum, n, sum))
        return invalid;
    return NULL;
}

bool duration_parse(const char *text, int64_t *ns, char *why, size_t size)
{
    bool negative = *text == '-';
    const char *p = text + (*text == '-' || *text == '+'), *wrong = NULL;
    int64_t sum = 0;

    if (!strcmp(p, "0")) {
        *ns = 0;
        return true;
    }
    if (!*p)
        return refuse(why, size, "invalid duration", text);
    while (*p && !wrong)
        wrong = take_part(&p, &sum);
    if (wrong && *wrong)
        return refuse(why, size, wrong, text);
    if (wrong) {
        size_t len = strcspn(p, ".0123456789");

        if (why)
            snprintf(why, size,
                     "time: unknown unit \"%.*s\" in duration \"%.64s\"",
                     (int)(len < 32 ? len : 32), p, text);
        return false;
    }
    *ns = negative ? -sum : sum;
    return true;
}

/* Hundredths and less only as far as they are not 0. */
static void write_unit(char text[DURATION_TEXT_MAX], const char *sign,
                       uint64_t n, unsigned digits, const char *unit)
{
    uint64_t scale = 1;
    unsigned i;
    int len;

    for (i = 0; i < digits; i++)
        scale *= 10;
    len = snprintf(text, DURATION_TEXT_MAX, "%s%llu", sign,
                   (unsigned long long)(n / scale));
    if (n % scale) {
        len += snprintf(text + len, DURATION_TEXT_MAX - (size_t)len, ".%0*llu",
                        (int)digits, (unsigned long long)(n % scale));
        while (text[len - 1] == '0')
            len--;
    }
    snprintf(text + len, DURATION_TEXT_MAX - (size_t)len, "%s", unit);
}

void duration_write(char text[DURATION_TEXT_MAX], int64_t ns)
{
    uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    const uint64_t minute = 60000000000u, hour = 60 * minute;
    const char *sign = ns < 0 ? "-" : "";
    char front[48] = "";

    if (!n) {
        snprintf(text, DURATION_TEXT_MAX, "0s");
    } else if (n < 1000) {
        write_unit(text, sign, n, 0, "ns");
    } else if (n < 1000000) {
        write_unit(text, sign, n, 3, "\xc2\xb5s");
    } else if (n < 1000000000) {
        write_unit(text, sign, n, 6, "ms");
    } else {
        if (n >= hour)
            snprintf(front, sizeof(front), "%s%lluh%um", sign,
                     (unsigned long long)(n / hour),
                     (unsigned)(n % hour / minute));
        else if (n >= minute)
            snprintf(front, sizeof(front), "%s%um", sign,
                     (unsigned)(n / minute));
        else
            snprintf(front, sizeof(front), "%s", sign);
        write_unit(text, front, n % minute, 9, "s");
    }
}
