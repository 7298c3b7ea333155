/* read_picture.c: chooses the reader for a picture by its content: PNG, JPEG, PGM or PPM. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

bool nm_picture_is(nm_file f)
{
    const unsigned char *p = f.data;
    return (f.n >= 4 && !memcmp(p, "\x89PNG", 4)) || (f.n >= 3 && !memcmp(p, "\xff\xd8\xff", 3)) ||
           (f.n >= 3 && p[0] == 'P' && p[1] >= '1' && p[1] <= '6' && p[2] &&
            strchr(" \t\r\n#", p[2]));
}

nm_tensor nm_read_picture(nm_job *job, nm_file f)
{
    return (f.data[0] == 'P'    ? nm_read_pnm
            : f.data[0] == 0xff ? nm_read_jpeg
                                : nm_read_png)(job, f);
}
