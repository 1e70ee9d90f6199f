/* Port find: any bytes are lines, answered or refused. */
#include "plugins/registry/find/find.h"

#include "fuzz/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_registry(find_face(), data, size);
}
