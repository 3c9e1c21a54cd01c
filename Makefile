# Hyades: make · make demo · make test · make SAN=1 test · make DEBUG=1 · make install PREFIX=…

# All cores, unless the caller says how many.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

CC       ?= cc
PREFIX   ?= /usr/local
LUA      ?= lua5.4
SAN      ?= 0
DEBUG    ?= 0
V        ?= 0

# Says what a step makes; V=1 shows the whole command.
say = $(if $(filter 1,$V),,@echo '  $1  $@'; )

HYADES_DATA ?= $(abspath ../shared/data)
ifneq ($(wildcard $(HYADES_DATA)),)
export HYADES_DATA
endif

# The OpenMP build of OpenBLAS, by folder: Debian's alternatives prefer the pthread one.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BLASDIR   := /usr/lib/$(MULTIARCH)/openblas-openmp

# No -ffast-math: NaN, infinities and the order of sums are part of the results.
# -march appears only in core/cpu, behind the kernel tables.
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror
MATH   := -fno-math-errno -fno-trapping-math -ffp-contract=off
CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -fopenmp $(WARN) $(MATH) \
          -isystem /usr/include/lua5.4 -isystem /usr/include/$(MULTIARCH)/openblas-openmp \
          -isystem /usr/include/stb
LDLIBS := -fopenmp -L$(BLASDIR) -lopenblas -llapacke -lcjson -lz -lm -ldl
# OpenMP is linked into core.so alone: hyades.env must run before it is mapped.
LDFLAGS := -Wl,--disable-new-dtags,-rpath,$(BLASDIR)
MODE   := release
OPT    := -O3
ifeq ($(DEBUG),1)
MODE   := debug
OPT    := -O0 -g
endif
ifeq ($(SAN),1)
MODE   := san
OPT    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS += -fsanitize=address,undefined
endif
# Only for tests in C: see `make tsan`.
ifeq ($(SAN),thread)
MODE   := tsan
OPT    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LDFLAGS += -fsanitize=thread
endif
CFLAGS += $(OPT)
OBJ    := build/$(MODE)

# core/cpu: every file for each dtype and each instruction level
LEVELS     := v1 v3 v4
MARCH_v1   := -march=x86-64
MARCH_v3   := -march=x86-64-v3
MARCH_v4   := -march=x86-64-v4 -mprefer-vector-width=512
TYPE_f32   := float
TYPE_f64   := double
TYPE_u8    := uint8_t
TYPE_index := int32_t
KERNELS    := elementwise reduce matrix distance nearest pairs manhattan index optim network
TABLES     := $(foreach l,$(LEVELS),$(foreach t,f32 f64,$(foreach k,$(KERNELS),$k_$t_$l)) \
                                    $(foreach t,f32 f64 u8 index,move_$t_$l))

CORE_SRC  := $(wildcard core/base/*.c core/tensor/*.c core/device/*.c core/ops/*.c core/autograd/*.c \
               core/linalg/*.c core/cluster/*.c core/data/*.c) core/cpu/cpu.c
ifeq ($(SAN),thread)
CORE_SRC  := $(filter-out core/base/parallel.c,$(CORE_SRC)) tests/threads/parallel.c
endif
BIND_SRC  := $(filter-out bindings/env.c,$(wildcard bindings/*.c))
CORE_OBJ  := $(CORE_SRC:%.c=$(OBJ)/%.o) $(TABLES:%=$(OBJ)/core/cpu/%.o)
BIND_OBJ  := $(BIND_SRC:%.c=$(OBJ)/%.o)
EDITOR    := repl input screen
READLINE  := $(wildcard /usr/include/readline/readline.h)
CAIRO     := $(shell pkg-config --libs cairo 2>/dev/null)
CANVAS    := $(patsubst %.c,$(OBJ)/%.o,$(wildcard bindings/canvas/*.c))
CTESTS    := $(patsubst tests/core/%.c,$(OBJ)/tests/%,$(wildcard tests/core/*.c))

.PHONY: all deps demo test check tsan tsan-build fuzz bench quality notebooks lint install uninstall \
        env clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

PRODUCTS := hyades build/hyades/core.so build/hyades/env.so $(if $(READLINE),build/hyades/repl.so) \
            $(if $(CAIRO),build/hyades/canvas.so)
all: $(PRODUCTS)

# Rebuild when the flags change. What another mode built goes before anything compiles, so a
# failing build never leaves its products in place.
$(OBJ)/flags: FORCE $(if $(filter tsan,$(MODE)),,| build/mode)
	@mkdir -p $(@D); echo '$(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS)' > $@
build/mode: FORCE
	@mkdir -p $(@D); echo $(MODE) | cmp -s - $@ || { rm -f hyades build/hyades/*.so; echo $(MODE) > $@; }
FORCE:

$(OBJ)/core/cpu/cpu.o: core/cpu/cpu.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

define KERNEL_RULE
$(OBJ)/core/cpu/$1_$2_$3.o: core/cpu/$1.c $(OBJ)/flags
	@mkdir -p $$(@D)
	$$(call say,cc)$$(CC) $$(CFLAGS) $$(MARCH_$3) -Dreal=$$(TYPE_$2) -DREAL_$2 \
	  -DHY_TABLE=hy_$1_$2_$3 -MMD -MP -c $$< -o $$@
endef
$(foreach l,$(LEVELS),$(foreach t,f32 f64,$(foreach k,$(KERNELS),$(eval $(call KERNEL_RULE,$k,$t,$l)))) \
                      $(foreach t,f32 f64 u8 index,$(eval $(call KERNEL_RULE,move,$t,$l))))

$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# nodelete: OpenMP's threads outlive lua_close and would run in unmapped code; readline keeps memory.
build/hyades/core.so: $(CORE_OBJ) $(BIND_OBJ) build/mode
	@mkdir -p $(@D)
	$(call say,ld)$(CC) -shared -Wl,-z,nodelete $(LDFLAGS) -o $@ $(CORE_OBJ) $(BIND_OBJ) $(LDLIBS)

build/hyades/env.so: $(OBJ)/bindings/env.o build/mode
	@mkdir -p $(@D)
	$(call say,ld)$(CC) -shared $(LDFLAGS) -o $@ $<

build/hyades/repl.so: $(EDITOR:%=$(OBJ)/bindings/program/%.o) build/mode
	@mkdir -p $(@D)
	$(call say,ld)$(CC) -shared -Wl,-z,nodelete $(LDFLAGS) -o $@ $(filter %.o,$^) -lreadline

$(CANVAS): CFLAGS += $(shell pkg-config --cflags cairo 2>/dev/null)
# nodelete: fontconfig keeps what it has read until the process ends.
build/hyades/canvas.so: $(CANVAS) build/mode
	@mkdir -p $(@D)
	$(call say,ld)$(CC) -shared -Wl,-z,nodelete $(LDFLAGS) -o $@ $(CANVAS) $(CAIRO) -lm

hyades: $(OBJ)/bindings/program/main.o $(OBJ)/bindings/program/signals.o build/mode
	$(call say,ld)$(CC) $(LDFLAGS) -rdynamic -o $@ $(filter %.o,$^) -Wl,-Bstatic -llua5.4 -Wl,-Bdynamic -ldl -lm

# -MF and -MT: with -o PROGRAM gcc would name the dependencies after the source.
$(OBJ)/tests/%: tests/core/%.c $(CORE_OBJ) $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(CFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $< $(CORE_OBJ) $(LDFLAGS) $(LDLIBS) -lpthread

$(OBJ)/tests/%: tests/program/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(CFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $< $(LDFLAGS) -rdynamic \
	  -Wl,-Bstatic -llua5.4 -Wl,-Bdynamic -ldl -lm -lutil -lpthread

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

# ---- tests: make test · make test SPECS=tests/ops · make SAN=1 test -----------------------------

SPECS   ?= $(sort $(patsubst %/,%,$(dir $(wildcard tests/*/*_spec.lua))))
HELPERS := $(patsubst tests/program/%.c,$(OBJ)/tests/%,$(wildcard tests/program/*.c))
BUSTED  := $(shell command -v busted)
REPORT  := $(BUSTED) --output=tests/report.lua
LIMIT   := timeout -k 10 1200
# What no test may reach: the network, and the caches and histories of whoever runs it. Threads that
# wait give up their core, so that a busy machine slows tests down no more than it must.
TESTENV := SAN=$(SAN) BUILD=$(OBJ) HYADES_OFFLINE=1 OMP_WAIT_POLICY=passive \
           XDG_CACHE_HOME=$(abspath $(OBJ))/tests/cache XDG_STATE_HOME=$(abspath $(OBJ))/tests/state \
           LSAN_OPTIONS=suppressions=$(abspath tests/leaks.txt):print_suppressions=0 \
           UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=16
# A sanitized module loads only into the sanitized program.
STOCK   := $(if $(filter 0,$(SAN)),"LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='build/?.so;;' \
             $(LIMIT) $(LUA) $(REPORT) tests/house/stock_spec.lua")

deps:
	@sh .ci/deps

test: deps
	@$(MAKE) --no-print-directory check

check: all $(CTESTS) $(HELPERS) $(if $(filter 1,$(SAN)),tsan-build)
	@$(TESTENV) $(LUA) tests/run.lua $(CTESTS:%="$(LIMIT) %") \
	  $(SPECS:%="$(LIMIT) ./hyades $(REPORT) %") $(STOCK)

# ---- make tsan: the threaded kernels under gcc's ThreadSanitizer ---------------------------------

# Where the kernel places memory as ThreadSanitizer does not expect, it must not do so at random.
TSAN_TESTS := threads_test kernels_test
UNRANDOM   := $(shell setarch -R true 2>/dev/null && echo setarch -R)
TSAN       := TSAN_OPTIONS=halt_on_error=1:exitcode=66 $(UNRANDOM)

tsan-build:
	@$(MAKE) --no-print-directory SAN=thread $(TSAN_TESTS:%=build/tsan/tests/%)

tsan: tsan-build
	@for test in $(TSAN_TESTS); do $(TSAN) build/tsan/tests/$$test || exit 1; done
	@$(TSAN) build/tsan/tests/threads_test race >build/tsan/race 2>&1; \
	  grep -q 'data race' build/tsan/race || { echo 'tsan: the race that was planted went unseen'; exit 1; }

# ---- make fuzz: every reader against damaged files, FUZZ_SECONDS each, by clang's libFuzzer -------

FUZZ_SECONDS ?= 60
CLANG        ?= clang
FUZZERS      := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_READERS := $(patsubst %.c,build/fuzz/%.o,$(wildcard core/data/*.c))
# The readers are watched; what they call is linked as it is.
FUZZ_FLAGS   := $(filter-out -O% -fopenmp -Werror,$(CFLAGS)) -O1 -g -fsanitize=address,undefined \
                -fno-sanitize-recover=undefined
FUZZ_LIBS    := $(filter-out -fopenmp,$(LDLIBS)) -lgomp -lpthread

build/fuzz/core/data/%.o: core/data/%.c
	@mkdir -p $(@D)
	$(call say,cc)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

-include $(FUZZ_READERS:.o=.d)

build/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.h core/hyades.h $(FUZZ_READERS) $(CORE_OBJ)
	$(call say,ld)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer $< $(FUZZ_READERS) \
	  $(filter-out $(OBJ)/core/data/%,$(CORE_OBJ)) $(LDFLAGS) $(FUZZ_LIBS) -o $@

fuzz:
	@mkdir -p build/fuzz; echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	  $(CLANG) -fsanitize=fuzzer -x c - -o build/fuzz/probe 2>/dev/null || \
	  { echo 'fuzz: $(CLANG) with libFuzzer is missing'; exit 1; }
	@$(MAKE) --no-print-directory all $(FUZZERS:%=build/fuzz/%)
	@./hyades tests/fuzz/corpus.lua build/fuzz/corpus
	@sh tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)

lint:
	luacheck -q lua notebooks tests

# ---- the main job ----------------------------------------------------------------------------

# SEEDS=3 repeats it with three seeds.
demo:
	@sh .ci/deps build
	@$(MAKE) --no-print-directory all
	./hyades notebooks/01_dec.lua $(if $(SEEDS),--seeds $(SEEDS))

# Times beside a limit measured in the same run; BENCH=kmeans runs one section.
bench: all
	./hyades tests/bench/run.lua

# Scores over seeds, a line per method × data × seed in QUALITY_LOG; a second run adds what is missing.
QUALITY_LOG ?= build/quality.csv
quality: all
	./hyades tests/quality/subspaces.lua
	./hyades tests/quality/run.lua '$(QUALITY_LOG)'

notebooks: all
	for file in notebooks/*.lua; do ./hyades $$file || exit 1; done

# ---- installation ----------------------------------------------------------------------------

DEST      := $(DESTDIR)$(PREFIX)
MODULES   := $(notdir $(filter %.so,$(PRODUCTS)))
LUA_FILES := $(patsubst lua/%,%,$(shell find lua -name '*.lua'))
SHARED    := $(filter-out %/,$(wildcard data/*)) $(wildcard notebooks/*.lua)
INSTALLED := bin/hyades share/man/man1/hyades.1 $(MODULES:%=lib/lua/5.4/hyades/%) \
             $(LUA_FILES:%=share/lua/5.4/%) $(SHARED:%=share/hyades/%)

install: all
	install -D hyades '$(DEST)/bin/hyades'
	install -D -m 644 bindings/program/hyades.1 '$(DEST)/share/man/man1/hyades.1'
	for f in $(MODULES); do install -D -m 644 build/hyades/$$f '$(DEST)/lib/lua/5.4/hyades/'$$f || exit 1; done
	for f in $(LUA_FILES); do install -D -m 644 lua/$$f '$(DEST)/share/lua/5.4/'$$f || exit 1; done
	for f in $(SHARED); do install -D -m 644 $$f '$(DEST)/share/hyades/'$$f || exit 1; done

uninstall:
	cd '$(DEST)' && rm -f $(INSTALLED)
	cd '$(DEST)' && for d in lib/lua/5.4/hyades share/lua/5.4/hyades share/hyades; do \
	  [ ! -d $$d ] || find $$d -depth -type d -empty -delete; done

# eval "$(make -s env)" lets lua5.4 find this folder's build.
HERE := $(subst ','\'',$(CURDIR))
env:
	@echo "export LUA_PATH='$(HERE)/lua/?.lua;$(HERE)/lua/?/init.lua;;'"
	@echo "export LUA_CPATH='$(HERE)/build/?.so;;'"

clean:
	rm -rf build hyades
