# Run at every build: writes the commit of the source into HEADER, and touches it only where it changed.
cmake_minimum_required(VERSION 3.25)
find_program(git git)
set(commit unknown)
if(git)
  execute_process(COMMAND ${git} describe --always --dirty --abbrev=12 WORKING_DIRECTORY ${SOURCE}
                  OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#pragma once\n#define SSMSCAN_BENCH_COMMIT \"@commit@\"\n" @ONLY)
