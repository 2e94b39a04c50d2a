#ifndef PORTOLAN_CZLIB_SHIM_H
#define PORTOLAN_CZLIB_SHIM_H

#include <zlib.h>

// zlib's initialisers are macros, which Swift cannot see. 16 added to the window bits means gzip and nothing else.
static inline int portolan_inflate_init_gzip(z_streamp stream) {
    return inflateInit2(stream, 15 + 16);
}

static inline int portolan_deflate_init_gzip(z_streamp stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
