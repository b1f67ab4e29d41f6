# SPDX-License-Identifier: MIT-0
# ESP-IDF first reads every component in a script, to learn what it requires: nothing may come
# before the command, which ends the reading.
macro(idf_component_register)
    message(STATUS "registered: ${ARGN}")
    return()
endmacro()
include(${NETWORK}/CMakeLists.txt)
