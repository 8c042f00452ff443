# SPDX-License-Identifier: Apache-2.0
# cmake -D SAYS=TEXT -P expect_crash.cmake -- PROGRAM ARGUMENT...: succeeds if the program dies of the planted bug, whose
# last words have TEXT in them, and of nothing else. (WILL_FAIL would also be content with a program that is missing, and
# not with one that aborts.)
set(command "")
set(started FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(started)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(started TRUE)
  endif()
endforeach()

execute_process(COMMAND ${command} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "the planted bug was not found:\n${output}")
endif()
if(NOT output MATCHES "${SAYS}")
  message(FATAL_ERROR "died of something else (${result}):\n${output}")
endif()
message(STATUS "the planted bug was found (${result})")
