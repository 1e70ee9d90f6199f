/*
 * muster completion: what a shell needs to complete this command, made from
 * the table of verbs.
 */
#include <stdio.h>
#include <string.h>

#include "client/cli/cli.h"

/* A phrase inside single quotes of a shell; zsh wants brackets and colons
 * escaped. */
static void add_help(struct buf *out, const char *help, const char *special)
{
    for (; *help; help++) {
        if (*help == '\'')
            buf_add_str(out, "'\\'");
        else if (strchr(special, *help))
            buf_add_char(out, '\\');
        buf_add_char(out, *help);
    }
}

/* " a b c" of "a|b|c", up to a blank */
static void add_choices(struct buf *out, const char *choices, char between)
{
    for (; *choices && *choices != ' '; choices++)
        buf_add_char(out, *choices == '|' ? between : *choices);
}

/* What follows a verb, if it is one of some words: "a|b|c" up to a blank. */
static const char *word_choices(const struct verb *v)
{
    size_t first = strcspn(v->usage, " ");
    const char *bar = memchr(v->usage, '|', first);

    return bar && v->usage[0] != '-' && strcspn(v->usage, "[") >= first
               ? v->usage
               : NULL;
}

static bool takes_job(const struct verb *v)
{
    return strncmp(v->usage, "JID", 3) == 0;
}

/* -- bash ------------------------------------------------------------------ */

static void bash_words(struct buf *out, const struct verb_option *o)
{
    for (; o && o->name; o++) {
        if (o->letter)
            buf_add_fmt(out, " -%c", o->letter);
        buf_add_fmt(out, " --%s", o->name);
    }
}

/* An option's own value: a case of the word before. */
static void bash_values(struct buf *out, const struct verb_option *o)
{
    for (; o && o->name; o++) {
        if (o->kind == VALUE_NONE || o->kind == VALUE_OPTIONAL)
            continue;
        buf_add_fmt(out, "    --%s", o->name);
        if (o->letter && o->letter != 'c')
            buf_add_fmt(out, "|-%c", o->letter);
        if (o->kind == VALUE_ONE_OF) {
            buf_add_str(out, ") COMPREPLY=($(compgen -W '");
            add_choices(out, o->value, ' ');
            buf_add_str(out, "' -- \"$cur\")); return;;\n");
        } else if (o->kind == VALUE_FILE) {
            buf_add_str(out, ") COMPREPLY=($(compgen -f -- \"$cur\")); "
                             "return;;\n");
        } else {
            buf_add_str(out, ") COMPREPLY=(); return;;\n");
        }
    }
}

static void bash_verb(struct buf *out, const struct verb *v)
{
    const char *choices = word_choices(v);

    buf_add_fmt(out, "    %s) words=\"", v->word);
    if (choices)
        add_choices(out, choices, ' ');
    if (strcmp(v->word, "help") == 0)
        buf_add_str(out, "$verbs");
    if (takes_job(v))
        buf_add_str(out, "$(muster jobs --names 2>/dev/null)");
    bash_words(out, v->options);
    buf_add_str(out, " $globals\";;\n");
}

static void print_bash(struct buf *out)
{
    size_t count;
    const struct verb *table = verbs_table(&count);

    buf_add_str(out, "# bash completion of muster(1), from `muster completion "
                     "bash`\n_muster() {\n"
                     "  local cur=${COMP_WORDS[COMP_CWORD]} verb= words i\n"
                     "  local prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "  local verbs='");
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(out, "%s%s", i ? " " : "", table[i].word);
    buf_add_str(out, "'\n  local globals='");
    bash_words(out, verbs_globals());
    buf_add_str(out, "'\n  COMPREPLY=()\n  case $prev in\n");
    bash_values(out, verbs_globals());
    for (size_t i = 0; i < count; i++)
        bash_values(out, table[i].options);
    buf_add_str(
        out, "  esac\n"
             "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
             "    [[ ${COMP_WORDS[i]} == -- ]] && { "
             "COMPREPLY=($(compgen -c -f -- \"$cur\")); return; }\n"
             "    [[ -z $verb && \" $verbs \" == *\" ${COMP_WORDS[i]} \"* ]] "
             "&& verb=${COMP_WORDS[i]}\n"
             "  done\n  case $verb in\n");
    for (size_t i = 0; i < count; i++)
        bash_verb(out, &table[i]);
    buf_add_str(out, "    *) words=\"$verbs $globals\";;\n  esac\n"
                     "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
                     "complete -F _muster muster\n");
}

/* -- zsh ------------------------------------------------------------------- */

static void zsh_option(struct buf *out, const struct verb_option *o,
                       const char *dashed)
{
    buf_add_fmt(out, " \\\n    '%s%s", o->many ? "*" : "", dashed);
    if (o->kind == VALUE_OPTIONAL)
        buf_add_str(out, "=-");
    buf_add_char(out, '[');
    add_help(out, o->help, "[]:");
    buf_add_char(out, ']');
    if (o->kind == VALUE_ONE_OF) {
        buf_add_fmt(out, ":%s:(", o->name);
        add_choices(out, o->value, ' ');
        buf_add_char(out, ')');
    } else if (o->kind == VALUE_FILE) {
        buf_add_fmt(out, ":%s:_files", o->name);
    } else if (o->kind == VALUE_OPTIONAL) {
        buf_add_fmt(out, "::%s: ", o->name);
    } else if (o->kind != VALUE_NONE) {
        buf_add_fmt(out, ":%s: ", o->name);
    }
    buf_add_char(out, '\'');
}

static void zsh_options(struct buf *out, const struct verb_option *o,
                        const struct verb_option *own)
{
    char dashed[64];

    for (; o && o->name; o++) {
        bool taken = false;

        for (const struct verb_option *p = own; p && p->name; p++)
            taken |= p->letter && p->letter == o->letter;
        snprintf(dashed, sizeof(dashed), "--%s", o->name);
        zsh_option(out, o, dashed);
        if (!o->letter || taken)
            continue;
        snprintf(dashed, sizeof(dashed), "-%c", o->letter);
        zsh_option(out, o, dashed);
    }
}

static void zsh_verb(struct buf *out, const struct verb *v)
{
    const char *choices = word_choices(v);

    buf_add_fmt(out, "  %s) _arguments -s", v->word);
    zsh_options(out, v->options, NULL);
    zsh_options(out, verbs_globals(), v->options);
    if (choices) {
        buf_add_str(out, " \\\n    ':word:(");
        add_choices(out, choices, ' ');
        buf_add_str(out, ")'");
    }
    if (strcmp(v->word, "help") == 0)
        buf_add_str(out, " \\\n    ':verb:_muster_verbs'");
    if (takes_job(v))
        buf_add_str(out, " \\\n    ':job:_muster_jobs'");
    if (v->command)
        buf_add_str(out, " \\\n    '*:command:_command_names'");
    buf_add_str(out, ";;\n");
}

static void print_zsh(struct buf *out)
{
    size_t count;
    const struct verb *table = verbs_table(&count);

    buf_add_str(out, "#compdef muster\n"
                     "# zsh completion of muster(1), from `muster completion "
                     "zsh`\n_muster_verbs() {\n  local -a verbs=(");
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(out, "\n    '%s:", table[i].word);
        add_help(out, table[i].help, ":");
        buf_add_char(out, '\'');
    }
    buf_add_str(out, ")\n  _describe verb verbs\n}\n"
                     "_muster_jobs() {\n  local -a jobs\n"
                     "  jobs=(${(f)\"$(muster jobs --names 2>/dev/null)\"})\n"
                     "  compadd -a jobs\n}\n"
                     "_muster() {\n  local context state line\n"
                     "  typeset -A opt_args\n  _arguments -C -s");
    zsh_options(out, verbs_globals(), NULL);
    buf_add_str(out, " \\\n    '1:verb:_muster_verbs' '*::word:->words'\n"
                     "  [[ $state == words ]] || return\n"
                     "  case $line[1] in\n");
    for (size_t i = 0; i < count; i++)
        zsh_verb(out, &table[i]);
    buf_add_str(out, "  esac\n}\n_muster \"$@\"\n");
}

/* -- fish ------------------------------------------------------------------ */

static void fish_options(struct buf *out, const struct verb_option *o,
                         const char *condition)
{
    for (; o && o->name; o++) {
        buf_add_fmt(out, "complete -c muster%s -l %s", condition, o->name);
        if (o->letter)
            buf_add_fmt(out, " -s %c", o->letter);
        if (o->kind == VALUE_ONE_OF) {
            buf_add_str(out, " -x -a '");
            add_choices(out, o->value, ' ');
            buf_add_char(out, '\'');
        } else if (o->kind == VALUE_FILE) {
            buf_add_str(out, " -r -F");
        } else if (o->kind != VALUE_NONE && o->kind != VALUE_OPTIONAL) {
            buf_add_str(out, " -x");
        }
        buf_add_str(out, " -d '");
        add_help(out, o->help, "");
        buf_add_str(out, "'\n");
    }
}

static void fish_verb(struct buf *out, const struct verb *v)
{
    const char *choices = word_choices(v);
    char condition[80];

    buf_add_fmt(out, "complete -c muster -n __fish_use_subcommand -a %s -d '",
                v->word);
    add_help(out, v->help, "");
    buf_add_str(out, "'\n");
    snprintf(condition, sizeof(condition),
             " -n '__fish_seen_subcommand_from %s'", v->word);
    if (choices) {
        buf_add_fmt(out, "complete -c muster%s -a '", condition);
        add_choices(out, choices, ' ');
        buf_add_str(out, "'\n");
    }
    if (takes_job(v))
        buf_add_fmt(out,
                    "complete -c muster%s -a '(muster jobs --names "
                    "2>/dev/null)'\n",
                    condition);
    fish_options(out, v->options, condition);
}

static void print_fish(struct buf *out)
{
    size_t count;
    const struct verb *table = verbs_table(&count);

    buf_add_str(out, "# fish completion of muster(1), from `muster completion "
                     "fish`\ncomplete -c muster -f\n");
    fish_options(out, verbs_globals(), "");
    for (size_t i = 0; i < count; i++)
        fish_verb(out, &table[i]);
}

int verb_completion(struct cli *cli)
{
    const char *shell = cli->args.words[0];
    struct buf *out = out_buf(&cli->out);

    if (strcmp(shell, "bash") == 0)
        print_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        print_fish(out);
    else
        return cli_fail(cli, CLI_USAGE, "bash, zsh or fish",
                        "completion: no shell %s", shell);
    return CLI_OK;
}
