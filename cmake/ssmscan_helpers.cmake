# What every folder of the house uses.

# Warnings and the arithmetic contract, for our own translation units only: nothing here reaches a consumer.
function(ssmscan_private_flags target)
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Wsign-conversion;-Wshadow;-ffp-contract=off>"
    # unknown pragmas: a kernel's loops are unrolled, and the host's compiler sees them too
    "$<$<COMPILE_LANGUAGE:CUDA>:--extended-lambda;--expt-relaxed-constexpr;-fmad=false;-Xcompiler=-Wall,-Wextra,-Wno-unknown-pragmas,-ffp-contract=off>")
  if(SSMSCAN_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${SSMSCAN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC $<BUILD_INTERFACE:-fsanitize=${SSMSCAN_SANITIZE}>)
  endif()
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
endfunction()

# The names in `using NAME = type_list<...>;` of a registry (by default the scans'), in order.
function(ssmscan_registry_list name result)
  set(registry ${PROJECT_SOURCE_DIR}/scan/registry.hpp)
  if(ARGC GREATER 2)
    set(registry ${ARGV2})
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${registry})
  file(READ ${registry} text)
  if(NOT text MATCHES "using ${name} =[ \n]*type_list<([^;]*)>;")
    message(FATAL_ERROR "${registry}: no `using ${name} = type_list<...>;`")
  endif()
  string(REGEX REPLACE "[ \n]" "" entries "${CMAKE_MATCH_1}")
  string(REPLACE "," ";" entries "${entries}")
  set(${result} ${entries} PARENT_SCOPE)
endfunction()

# Which algorithms of scan/algorithms have an inner one: their header says `using inner = `.
function(ssmscan_takes_inner algorithm result)
  set(header ${PROJECT_SOURCE_DIR}/scan/algorithms/${algorithm}.hpp)
  set(takes_inner)
  if(EXISTS ${header})
    file(STRINGS ${header} takes_inner REGEX "using inner = ")
  endif()
  set(${result} "${takes_inner}" PARENT_SCOPE)
endfunction()

# ssmscan_add_test(NAME [LABELS ...] [LIBRARIES ...] SOURCES ...): one GoogleTest binary, each of its tests known to ctest
# as one entry (the binary), so that a fixture's work is shared. Waiting threads sleep: ctest runs several of these at a time.
function(ssmscan_add_test name)
  cmake_parse_arguments(arg "" "" "LABELS;LIBRARIES;SOURCES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  ssmscan_private_flags(${name})
  target_link_libraries(${name} PRIVATE ssmscan::scan OpenMP::OpenMP_CXX GTest::gtest_main GTest::gmock ${arg_LIBRARIES})
  # "tests/..." for what tests share; quoted only, since <compare> must not find the script of that name.
  target_compile_options(${name} PRIVATE "SHELL:-iquote ${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" ENVIRONMENT_MODIFICATION OMP_WAIT_POLICY=set:passive)
endfunction()
