# The library for CMake:
#
#     include(path/to/ultrawide/c/ultrawide.cmake)
#     target_link_libraries(app PRIVATE ultrawide)
#
# It is built by c/build, for the target ULTRAWIDE_TARGET (Rust's name of it, such as thumbv7em-none-eabihf), or for the host.

set(ULTRAWIDE_TARGET "" CACHE STRING "Rust target of libultrawide; the host where this is empty")
set(ULTRAWIDE_LIBRARY "${CMAKE_CURRENT_BINARY_DIR}/ultrawide/libultrawide.a")

# Asked each time: cargo knows what has changed.
add_custom_target(ultrawide_build
    COMMAND "${CMAKE_CURRENT_LIST_DIR}/build" ${ULTRAWIDE_TARGET} --out "${ULTRAWIDE_LIBRARY}"
    BYPRODUCTS "${ULTRAWIDE_LIBRARY}"
    VERBATIM)

add_library(ultrawide STATIC IMPORTED GLOBAL)
set_target_properties(ultrawide PROPERTIES
    IMPORTED_LOCATION "${ULTRAWIDE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_LIST_DIR}/include")
add_dependencies(ultrawide ultrawide_build)
