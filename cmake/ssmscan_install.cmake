# What an installation holds: headers, libraries, a CMake package with one component per library, pkg-config files.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ssmscan)
set(components scan)
if(TARGET ssmscan_ssm)
  list(APPEND components ssm)
endif()
if(TARGET ssmscan_cuda)
  list(APPEND components cuda)
endif()
if(TARGET ssmscan_ssm_cuda)
  list(APPEND components ssm_cuda)
endif()

# What a consumer of a component has to find. A static library leaves the linking of what it is made with to its
# consumer; a shared one has done it.
set(SSMSCAN_STATIC ON)
if(BUILD_SHARED_LIBS)
  set(SSMSCAN_STATIC OFF)
endif()

# The linker's names of OpenMP's runtime, for pkg-config.
set(openmp_libraries ${OpenMP_CXX_LIB_NAMES})
if(NOT openmp_libraries)  # found in scan/, whose variables end there
  set(openmp_libraries gomp pthread)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    set(openmp_libraries omp pthread)
  endif()
endif()
list(TRANSFORM openmp_libraries PREPEND -l)
list(JOIN openmp_libraries " " openmp_libraries)

set(pc_scan_description "Scan algorithms for linear recurrences")
set(pc_scan_requires "")
set(pc_scan_requires_private "")
set(pc_scan_libs_private "${openmp_libraries}")
set(pc_ssm_description "State-space models on the scans of ssmscan")
set(pc_ssm_requires "ssmscan-scan = ${PROJECT_VERSION}, eigen3")
set(pc_ssm_requires_private "zlib, libhwy, libpcre2-8")
set(pc_ssm_libs_private "")
set(pc_cuda_description "The scans on a CUDA device")
set(pc_cuda_requires "ssmscan-scan = ${PROJECT_VERSION}")
set(pc_cuda_requires_private "")
set(pc_cuda_libs_private "-L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -lrt -lpthread -ldl")
set(pc_ssm_cuda_description "S4, the selective scan and the Mamba language model on a CUDA device")
set(pc_ssm_cuda_requires "ssmscan-ssm = ${PROJECT_VERSION}, ssmscan-cuda = ${PROJECT_VERSION}")
set(pc_ssm_cuda_requires_private "")
set(pc_ssm_cuda_libs_private "${pc_cuda_libs_private}")
if(TARGET CUDA::cufft)
  string(APPEND pc_ssm_cuda_libs_private " -lcufft")
endif()
if(TARGET CUDA::cublas)
  string(APPEND pc_ssm_cuda_libs_private " -lcublas")
endif()

foreach(component IN LISTS components)
  # A shared library finds the one it stands on beside itself: a consumer's own path does not reach so far.
  set_property(TARGET ssmscan_${component} APPEND PROPERTY INSTALL_RPATH "$ORIGIN")
  install(TARGETS ssmscan_${component} EXPORT ssmscan_${component}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT ssmscan_${component} NAMESPACE ssmscan:: FILE ssmscan_${component}.cmake DESTINATION ${package_dir})
  if(NOT component MATCHES "cuda")  # their headers are the scans' and models', so that the header-only route needs no component
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${component} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ssmscan
            FILES_MATCHING PATTERN *.hpp PATTERN *.cuh PATTERN *-inl.hpp EXCLUDE PATTERN strict_json.hpp EXCLUDE)
    install(FILES ${PROJECT_BINARY_DIR}/include/generated/ssmscan/${component}/export.hpp
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ssmscan/${component})
  endif()

  string(TOUPPER ${component} upper)
  set(PC_NAME ssmscan-${component})
  set(PC_DESCRIPTION "${pc_${component}_description}")
  set(PC_REQUIRES "${pc_${component}_requires}")
  set(PC_REQUIRES_PRIVATE "${pc_${component}_requires_private}")
  set(PC_LIBS "-lssmscan_${component}")
  set(PC_LIBS_PRIVATE "${pc_${component}_libs_private}")
  set(PC_CFLAGS "")
  if(SSMSCAN_STATIC)
    set(PC_CFLAGS " -DSSMSCAN_${upper}_STATIC_DEFINE")
  endif()
  configure_file(${PROJECT_SOURCE_DIR}/cmake/ssmscan.pc.in ${PROJECT_BINARY_DIR}/${PC_NAME}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${PC_NAME}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ssmscan-config.cmake.in
                              ${PROJECT_BINARY_DIR}/ssmscan-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ssmscan-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ssmscan-config.cmake ${PROJECT_BINARY_DIR}/ssmscan-config-version.cmake
        DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ssmscan)
if(TARGET ssmscan)
  install(TARGETS ssmscan RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
