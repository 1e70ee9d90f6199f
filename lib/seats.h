/*
 * Who sits where: how many connections each peer address has, and which of
 * them have said nothing yet. When all seats are taken, a newcomer gets that
 * of the longest silent connection of the address that has the most silent
 * ones, if that address has more than the newcomer's: so that a flood of
 * connections from one place keeps nobody else out, however patient it is, and
 * a flood from many places none that has spoken.
 *
 *   silent --(first line)--> spoken --> left
 *      `---------(made way, closed)------^
 *
 * An IPv6 address counts with all of its /64, of which one host may use any;
 * peers of unix sockets count as one address without a bound of its own.
 * Must not know connections or sockets; the time is given.
 */
#ifndef MUSTER_LIB_SEATS_H
#define MUSTER_LIB_SEATS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define SEATS_LOOK_MS 100 /* after a vain look for one that makes way */

struct seat_address;

/* A connection's, inside its owner's struct. */
struct seat {
    struct seat_address *address;
    struct seat *prev, *next; /* silent ones of that address, oldest first */
    bool silent;
};

struct seats {
    struct seat_address *addresses; /* uthash, by address */
    struct seat_address *heaviest;  /* as it was last looked up, or NULL */
    uint64_t look_again_ms;
    unsigned count;
};

/* The account of an address, which is made if need be: seat_take() or
 * seats_leave() it before the next call. */
struct seat_address *seats_address(struct seats *all,
                                   const struct sockaddr *sa);
void seats_leave(struct seats *all, struct seat_address *a);
/* Connections it has; 0 for those of unix sockets, which have no bound. */
unsigned seats_of_address(const struct seat_address *a);

void seat_take(struct seats *all, struct seat *s, struct seat_address *a);
void seat_spoke(struct seat *s);
void seat_leave(struct seats *all, struct seat *s);

/* Who makes way for one from that address, or NULL: nobody. */
struct seat *seats_makes_way(struct seats *all, const struct seat_address *a,
                             uint64_t now_ms);

#endif
