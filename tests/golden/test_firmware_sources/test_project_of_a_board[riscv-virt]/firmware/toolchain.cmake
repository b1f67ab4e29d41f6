# SPDX-License-Identifier: MIT-0
# The GNU tools for riscv-virt:
#   cmake -B build/cmake -DCMAKE_TOOLCHAIN_FILE=firmware/toolchain.cmake && cmake --build build/cmake
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_CXX_COMPILER riscv64-unknown-elf-g++)
set(CMAKE_ASM_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_C_FLAGS_INIT "-march=rv32imc -mabi=ilp32 --specs=picolibc.specs")
# Exceptions, type information and guards of local statics would bring a heap and unwinding along.
set(CMAKE_CXX_FLAGS_INIT "-march=rv32imc -mabi=ilp32 --specs=picolibc.specs -fno-exceptions -fno-rtti -fno-threadsafe-statics")
set(CMAKE_ASM_FLAGS_INIT "-march=rv32imc -mabi=ilp32 --specs=picolibc.specs")
# A program needs a linker script, which CMake's trial does not have.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
