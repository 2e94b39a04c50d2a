// A C face for the few things Portolan asks of simdjson's on-demand parser: where a member or an element
// of a JSON text begins and ends. Nothing is copied; offsets point into the caller's buffer.
//
// The buffer must be followed by PORTOLAN_JSON_PADDING readable bytes.
#ifndef PORTOLAN_JSON_H
#define PORTOLAN_JSON_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PORTOLAN_JSON_PADDING 64

typedef struct portolan_json_parser portolan_json_parser;

typedef enum {
    PORTOLAN_JSON_MISSING = 0,
    PORTOLAN_JSON_NULL,
    PORTOLAN_JSON_BOOL,
    PORTOLAN_JSON_NUMBER,
    PORTOLAN_JSON_STRING,
    PORTOLAN_JSON_ARRAY,
    PORTOLAN_JSON_OBJECT
} portolan_json_kind;

typedef enum {
    PORTOLAN_JSON_OK = 0,
    PORTOLAN_JSON_WRONG_KIND,
    PORTOLAN_JSON_MALFORMED,
    PORTOLAN_JSON_INVALID_UTF8,
    PORTOLAN_JSON_TOO_DEEP,
    PORTOLAN_JSON_TOO_LARGE
} portolan_json_status;

typedef struct {
    size_t offset;
    size_t length;
    portolan_json_kind kind;
} portolan_json_slice;

portolan_json_parser *portolan_json_parser_make(void);
void portolan_json_parser_free(portolan_json_parser *parser);

// The whole text as one slice, without the white space around it. Reads every byte once: unclosed strings,
// invalid UTF-8 and unbalanced brackets are found here.
portolan_json_status portolan_json_root(
    portolan_json_parser *parser, const char *bytes, size_t length, portolan_json_slice *out);

// Members of an object by name, in one walk. `out[i]` is left MISSING where `keys[i]` does not occur;
// of two members with one name the first is given.
portolan_json_status portolan_json_members(
    portolan_json_parser *parser, const char *bytes, portolan_json_slice object,
    const char *const *keys, const size_t *key_lengths, size_t key_count, portolan_json_slice *out);

// Elements of an array, in order. Writes at most `capacity` of them and always counts all.
portolan_json_status portolan_json_elements(
    portolan_json_parser *parser, const char *bytes, portolan_json_slice array,
    portolan_json_slice *out, size_t capacity, size_t *count);

// A string without its quotes and escapes. `out` must have room for `string.length` bytes.
portolan_json_status portolan_json_unescape(
    portolan_json_parser *parser, const char *bytes, portolan_json_slice string,
    char *out, size_t *out_length);

// Whether a run of bytes occurs in another.
bool portolan_json_contains(const char *bytes, size_t length, const char *needle, size_t needle_length);

#ifdef __cplusplus
}
#endif
#endif
