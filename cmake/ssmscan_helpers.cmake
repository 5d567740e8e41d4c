# What every folder of the house uses.

# Warnings and the arithmetic contract, for our own translation units only: nothing here reaches a consumer.
function(ssmscan_private_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -ffp-contract=off)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
endfunction()

# The names in `using NAME = type_list<...>;` of the registry, in order.
function(ssmscan_registry_list name result)
  set(registry ${PROJECT_SOURCE_DIR}/scan/registry.hpp)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${registry})
  file(READ ${registry} text)
  if(NOT text MATCHES "using ${name} = type_list<([^;]*)>;")
    message(FATAL_ERROR "scan/registry.hpp: no `using ${name} = type_list<...>;`")
  endif()
  string(REGEX REPLACE "[ \n]" "" entries "${CMAKE_MATCH_1}")
  string(REPLACE "," ";" entries "${entries}")
  set(${result} ${entries} PARENT_SCOPE)
endfunction()
