/* Port new: any bytes are lines, answered or refused. */
#include "plugins/registry/new/new.h"

#include "fuzz/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_registry(new_face(), data, size);
}
