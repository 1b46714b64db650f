// Catch's main, compiled once a test executable. Torch's own threads are left as they are: tests must not depend on them.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
