#include "portolan_json.h"

#include <cstring>
#include <new>
#include <simdjson.h>
#include <string_view>

using namespace simdjson;

struct portolan_json_parser {
    ondemand::parser parser;
};

static_assert(PORTOLAN_JSON_PADDING >= SIMDJSON_PADDING, "simdjson reads that far past the end");

namespace {

portolan_json_status status_of(error_code error) {
    switch (error) {
        case SUCCESS: return PORTOLAN_JSON_OK;
        case UTF8_ERROR: return PORTOLAN_JSON_INVALID_UTF8;
        case DEPTH_ERROR: return PORTOLAN_JSON_TOO_DEEP;
        case CAPACITY:
        case MEMALLOC: return PORTOLAN_JSON_TOO_LARGE;
        case INCORRECT_TYPE: return PORTOLAN_JSON_WRONG_KIND;
        default: return PORTOLAN_JSON_MALFORMED;
    }
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

portolan_json_kind kind_of(char first) {
    switch (first) {
        case '{': return PORTOLAN_JSON_OBJECT;
        case '[': return PORTOLAN_JSON_ARRAY;
        case '"': return PORTOLAN_JSON_STRING;
        case 't':
        case 'f': return PORTOLAN_JSON_BOOL;
        case 'n': return PORTOLAN_JSON_NULL;
        default: return PORTOLAN_JSON_NUMBER;
    }
}

portolan_json_slice slice_of(const char *bytes, std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    if (text.empty()) return {0, 0, PORTOLAN_JSON_MISSING};
    return {static_cast<size_t>(text.data() - bytes), text.size(), kind_of(text.front())};
}

// raw_json() of a value is not offered by this release of the library: containers skip over themselves,
// scalars are one token.
error_code raw(ondemand::value value, std::string_view &text) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    switch (type) {
        case ondemand::json_type::object: {
            ondemand::object object;
            if (auto error = value.get_object().get(object)) return error;
            return object.raw_json().get(text);
        }
        case ondemand::json_type::array: {
            ondemand::array array;
            if (auto error = value.get_array().get(array)) return error;
            return array.raw_json().get(text);
        }
        default: text = value.raw_json_token(); return SUCCESS;
    }
}

padded_string_view view(const char *bytes, portolan_json_slice slice) {
    return padded_string_view(bytes + slice.offset, slice.length, slice.length + PORTOLAN_JSON_PADDING);
}

}  // namespace

extern "C" {

portolan_json_parser *portolan_json_parser_make(void) { return new (std::nothrow) portolan_json_parser(); }

void portolan_json_parser_free(portolan_json_parser *parser) { delete parser; }

portolan_json_status portolan_json_root(
    portolan_json_parser *parser, const char *bytes, size_t length, portolan_json_slice *out) {
    *out = slice_of(bytes, std::string_view(bytes, length));
    if (out->kind == PORTOLAN_JSON_MISSING) return PORTOLAN_JSON_MALFORMED;
    ondemand::document document;
    if (auto error = parser->parser.iterate(view(bytes, *out)).get(document)) return status_of(error);
    if (out->kind != PORTOLAN_JSON_OBJECT && out->kind != PORTOLAN_JSON_ARRAY) return PORTOLAN_JSON_OK;
    std::string_view text;
    if (auto error = document.raw_json().get(text)) return status_of(error);
    portolan_json_slice inner = slice_of(bytes, text);
    const bool whole = inner.offset == out->offset && inner.length == out->length;
    return whole ? PORTOLAN_JSON_OK : PORTOLAN_JSON_MALFORMED;  // text after the end, or an end too few
}

portolan_json_status portolan_json_members(
    portolan_json_parser *parser, const char *bytes, portolan_json_slice object_slice,
    const char *const *keys, const size_t *key_lengths, size_t key_count, portolan_json_slice *out) {
    for (size_t i = 0; i < key_count; i++) out[i] = {0, 0, PORTOLAN_JSON_MISSING};
    if (object_slice.kind != PORTOLAN_JSON_OBJECT) return PORTOLAN_JSON_WRONG_KIND;
    ondemand::document document;
    if (auto error = parser->parser.iterate(view(bytes, object_slice)).get(document)) return status_of(error);
    ondemand::object object;
    if (auto error = document.get_object().get(object)) return status_of(error);
    size_t missing = key_count;
    for (auto field : object) {
        std::string_view key;
        if (auto error = field.unescaped_key().get(key)) return status_of(error);
        size_t i = 0;
        while (i < key_count && !(key.size() == key_lengths[i] && std::memcmp(key.data(), keys[i], key.size()) == 0)) i++;
        if (i == key_count || out[i].kind != PORTOLAN_JSON_MISSING) continue;
        ondemand::value value;
        if (auto error = field.value().get(value)) return status_of(error);
        std::string_view text;
        if (auto error = raw(value, text)) return status_of(error);
        out[i] = slice_of(bytes, text);
        if (--missing == 0) break;
    }
    return PORTOLAN_JSON_OK;
}

portolan_json_status portolan_json_elements(
    portolan_json_parser *parser, const char *bytes, portolan_json_slice array_slice,
    portolan_json_slice *out, size_t capacity, size_t *count) {
    *count = 0;
    if (array_slice.kind != PORTOLAN_JSON_ARRAY) return PORTOLAN_JSON_WRONG_KIND;
    ondemand::document document;
    if (auto error = parser->parser.iterate(view(bytes, array_slice)).get(document)) return status_of(error);
    ondemand::array array;
    if (auto error = document.get_array().get(array)) return status_of(error);
    for (auto element : array) {
        ondemand::value value;
        if (auto error = element.get(value)) return status_of(error);
        std::string_view text;
        if (auto error = raw(value, text)) return status_of(error);
        if (*count < capacity) out[*count] = slice_of(bytes, text);
        ++*count;
    }
    return PORTOLAN_JSON_OK;
}

portolan_json_status portolan_json_unescape(
    portolan_json_parser *parser, const char *bytes, portolan_json_slice string, char *out, size_t *out_length) {
    *out_length = 0;
    if (string.kind != PORTOLAN_JSON_STRING) return PORTOLAN_JSON_WRONG_KIND;
    ondemand::document document;
    if (auto error = parser->parser.iterate(view(bytes, string)).get(document)) return status_of(error);
    std::string_view text;
    if (auto error = document.get_string().get(text)) return status_of(error);
    std::memcpy(out, text.data(), text.size());
    *out_length = text.size();
    return PORTOLAN_JSON_OK;
}

bool portolan_json_contains(const char *bytes, size_t length, const char *needle, size_t needle_length) {
    return memmem(bytes, length, needle, needle_length) != nullptr;
}

}  // extern "C"
