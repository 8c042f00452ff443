# SPDX-License-Identifier: Apache-2.0
# Writes the definitions of base/version.h. Runs at every build (cmake -P), but touches the file only when its text
# changes, so that a new commit compiles one file and links again, and nothing else.
# Needs VERSION, SOURCE_DIR and OUTPUT.
execute_process(
  COMMAND git -c safe.directory=* describe --always --dirty --exclude=* --abbrev=12
  WORKING_DIRECTORY ${SOURCE_DIR}
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT commit)
  set(commit unknown)
endif()
set(text "// Written by cmake/version.cmake.
#include \"base/version.h\"

namespace orrery {
const char* version() { return \"${VERSION}\"; }
const char* commit() { return \"${commit}\"; }
}  // namespace orrery
")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
