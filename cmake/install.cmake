# SPDX-License-Identifier: Apache-2.0
# What `cmake --install build/release --prefix DIR` puts where: the programs into bin, the plug's header into
# include/orrery/plug, and a CMake package, so that a broker elsewhere says find_package(orrery) and links orrery::plug.
# The programs say install() in orrery_program; `--component plug` leaves them out.
include(CMakePackageConfigHelpers)

# The plug for a broker in C or C++: the header's folder, and for shared objects the list of the one symbol to show. In this
# tree the header is included from the root instead.
add_library(orrery_plug INTERFACE)
add_library(orrery::plug ALIAS orrery_plug)
set_target_properties(orrery_plug PROPERTIES EXPORT_NAME plug)
target_include_directories(orrery_plug INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set(is_plug "$<IN_LIST:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY;SHARED_LIBRARY>")
foreach(way
    BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/sim/plug/plug.map
    INSTALL_INTERFACE:$<INSTALL_PREFIX>/${CMAKE_INSTALL_DATADIR}/orrery/plug.map)
  string(REGEX MATCH "^[A-Z_]+" kind ${way})
  string(REGEX REPLACE "^[A-Z_]+:" "" map ${way})
  target_link_options(orrery_plug INTERFACE $<${kind}:$<${is_plug}:LINKER:--version-script=${map}>>)
endforeach()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/orrery)
install(FILES ${CMAKE_SOURCE_DIR}/sim/plug/abi.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/orrery/plug COMPONENT plug)
install(FILES ${CMAKE_SOURCE_DIR}/sim/plug/plug.map DESTINATION ${CMAKE_INSTALL_DATADIR}/orrery COMPONENT plug)
install(TARGETS orrery_plug EXPORT orrery COMPONENT plug)
install(EXPORT orrery NAMESPACE orrery:: FILE orrery-config.cmake DESTINATION ${package} COMPONENT plug)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/orrery-config-version.cmake COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/orrery-config-version.cmake DESTINATION ${package} COMPONENT plug)
