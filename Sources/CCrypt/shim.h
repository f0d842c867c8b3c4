#ifndef PORTCULLIS_CCRYPT_SHIM_H
#define PORTCULLIS_CCRYPT_SHIM_H

#include <crypt.h>

#endif
