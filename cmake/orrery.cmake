# SPDX-License-Identifier: Apache-2.0
# What every folder's CMakeLists.txt calls: orrery_library, orrery_program, orrery_tests; and the flags they share.

set(ORRERY_SANITIZE "" CACHE STRING "Sanitizers for everything: address, undefined, thread, or a comma list")
option(ORRERY_FUZZ "Build the libFuzzer targets (needs clang); without it the corpora are only replayed" OFF)

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(GTest REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
include(GoogleTest)

# lld links several times faster than bfd; Debian keeps it beside its LLVM.
if(EXISTS /usr/lib/llvm-19/bin/ld.lld)
  add_link_options(-B/usr/lib/llvm-19/bin -fuse-ld=lld)
endif()

find_program(ORRERY_CCACHE ccache)
if(ORRERY_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${ORRERY_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ORRERY_CCACHE})
endif()

add_library(orrery_flags INTERFACE)
target_include_directories(orrery_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(orrery_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Werror -fno-omit-frame-pointer)
target_compile_definitions(orrery_flags INTERFACE BOOST_ALLOW_DEPRECATED_HEADERS)
if(ORRERY_SANITIZE)
  target_compile_options(orrery_flags INTERFACE -fsanitize=${ORRERY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(orrery_flags INTERFACE -fsanitize=${ORRERY_SANITIZE})
endif()
if(ORRERY_FUZZ)
  target_compile_options(orrery_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(orrery_flags INTERFACE -fsanitize=address,undefined)
endif()

if(ORRERY_SANITIZE OR ORRERY_FUZZ)
  find_program(ORRERY_SYMBOLIZER llvm-symbolizer-19 REQUIRED)
  add_library(orrery_symbolizer OBJECT cmake/symbolizer.cc)
  target_compile_definitions(orrery_symbolizer PRIVATE ORRERY_SYMBOLIZER="${ORRERY_SYMBOLIZER}")
  target_link_libraries(orrery_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:orrery_symbolizer>>)
endif()

# orrery_library(NAME SOURCES a.cc ... [DEPS lib ...]): a static library that sees the root for its includes.
function(orrery_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  set_property(GLOBAL APPEND PROPERTY ORRERY_LIBRARIES ${name})
  target_link_libraries(${name} PUBLIC orrery_flags ${A_DEPS})
endfunction()

# orrery_program(NAME SOURCES a.cc ... [DEPS lib ...]): a program in build/<preset>/bin; those named orrery-... are installed.
function(orrery_program name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE orrery_flags ${A_DEPS})
  if(name MATCHES "^orrery-")
    install(TARGETS ${name} RUNTIME COMPONENT programs)
  endif()
endfunction()

# orrery_tests(NAME SOURCES a_test.cc ... [DEPS lib ...] [LABELS l ...]): one GoogleTest program for a folder;
# every TEST of it is a test of ctest named NAME.Suite.Test.
function(orrery_tests name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  # The code under test is built as it ships; the tests' own code is only slow to optimise.
  if(CMAKE_BUILD_TYPE STREQUAL Release)
    target_compile_options(${name} PRIVATE -O0)
  endif()
  target_link_libraries(${name} PRIVATE orrery_flags ${A_DEPS} GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    PROPERTIES TIMEOUT 120 LABELS "${A_LABELS}")
endfunction()
