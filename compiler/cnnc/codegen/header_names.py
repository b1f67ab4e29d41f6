"""Headers that ``<name>.h`` must not hide: with ``-I include`` it is found before them.

A C library's own headers include each other by these names, so hiding one that no program asks for
(``features.h``) breaks every program too. The lists are top-level headers, without ``.h``, whose
names could be identifiers.
"""

# C89 to C23.
_STANDARD = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdmchar "
    "stdnoreturn string tgmath threads time uchar wchar wctype"
)
# POSIX, and what glibc and musl add.
_UNIX = (
    "aio aliases alloca ar argp argz byteswap cpio crypt dirent dlfcn elf endian envz err error "
    "execinfo fcntl features fmtmsg fnmatch fpu_control fstab fts ftw gconv getopt glob grp "
    "gshadow iconv ieee754 ifaddrs langinfo lastlog libgen libintl link malloc mcheck memory "
    "mntent monetary mqueue ndbm netdb nl_types nss obstack paths poll printf proc_service pthread "
    "pty pwd re_comp regex regexp resolv sched search semaphore sgtty shadow spawn stab "
    "stdio_ext strings stropts syscall sysexits syslog tar termio termios thread_db trace ttyent "
    "ucontext ulimit unistd utime utmp utmpx values varargs wait wordexp xlocale"
)
# newlib and picolibc, the C libraries of bare-metal compilers.
_BARE_METAL = (
    "devctl envlock fastmath ieeefp newlib picolibc picotls reent regdef semihost ssp stdfix unctrl"
)
# The compilers' own; names that end in "intrin" are refused by their ending.
_COMPILER = (
    "acc_prof altivec arm_acle arm_bf16 arm_cde arm_cmse arm_fp16 arm_mve arm_mve_types arm_neon "
    "arm_sme arm_sve arm_vector_types backtrace cet cpuid gcov limits mm3dnow mm_malloc new "
    "nvptx omp openacc opencl quadmath riscv_vector syslimits tgmath unwind"
)

LIBRARY_HEADERS = frozenset(" ".join((_STANDARD, _UNIX, _BARE_METAL, _COMPILER)).split())


def hides_library_header(name: str) -> bool:
    """Return whether ``<name>.h`` may hide a header; file systems may ignore case."""
    lower = name.lower()
    return lower in LIBRARY_HEADERS or lower.endswith("intrin")
