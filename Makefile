# netmip: `make demo` and `make check` do all the set-up; see README.md.
CC ?= gcc
CXX := $(if $(findstring clang,$(CC)),clang++,g++)
BUILD ?= build
OPT ?= -O3
SAN ?=
TESTLIBS ?= -lgmp
PKGS := cbc clp libcjson zlib libdeflate libprotobuf-c libpng nettle expat
WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS += -std=c11 $(OPT) -g -ffp-contract=off -fno-math-errno -Iinclude -Isrc -I$(BUILD)/gen \
          $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(SAN)
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

SRC := $(filter-out src/kernel.c,$(wildcard src/*.c src/*/*.c))
OBJ := $(SRC:src/%.c=$(BUILD)/%.o) $(BUILD)/kernel.generic.o $(BUILD)/digits.o $(BUILD)/onnx.pb-c.o
ifeq ($(shell uname -m),x86_64)
OBJ += $(BUILD)/kernel.avx2.o $(BUILD)/kernel.avx512.o
endif
LIB := $(BUILD)/libnetmip.a
NETMIP := $(BUILD)/netmip

.PHONY: all deps demo check clean
all: $(NETMIP)

# the two set-up commands: each installs what is missing, then starts make anew, with the packages in place
demo:
	@sh scripts/deps.sh run
	@$(MAKE) --no-print-directory all
	@sh scripts/demo.sh $(NETMIP)

check:
	@sh scripts/deps.sh check
	@$(MAKE) --no-print-directory all gates test

$(NETMIP): $(BUILD)/main.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(BUILD)/main.o $(LIB) $(LDLIBS)

$(OBJ:.o=.d): ;

$(LIB): $(filter-out $(BUILD)/main.o,$(OBJ))
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/gen/onnx.pb-c.c: src/read/onnx.proto
	@mkdir -p $(@D)
	protoc-c --c_out=$(@D) --proto_path=src/read onnx.proto

$(BUILD)/onnx.pb-c.o: $(BUILD)/gen/onnx.pb-c.c
	$(CC) $(CFLAGS) -w -c -o $@ $<

# the one C++ file: a header that Debian keeps in a folder named by its version
DRAGONBOX := $(lastword $(sort $(wildcard /usr/include/dragonbox-*)))
$(BUILD)/digits.o: src/digits.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O2 -g -DNDEBUG -fno-exceptions -fno-rtti $(addprefix -isystem ,$(DRAGONBOX)) $(SAN) -c -o $@ $<

$(BUILD)/kernel.avx512.o: KERNEL := -DNM_KERNEL_avx512 -mavx512f -mavx2 -mfma
$(BUILD)/kernel.avx2.o: KERNEL := -DNM_KERNEL_avx2 -mavx2 -mfma
$(BUILD)/kernel.%.o: src/kernel.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) $(KERNEL) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: src/%.c $(BUILD)/gen/onnx.pb-c.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

# ---- tests: C programs tests/*.c, each with a main of its own, and scripts tests/*.py ----
TESTS_C := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*.c))
TESTS_PY := $(filter-out tests/truth_%,$(wildcard tests/*.py))
# PY="cli fuzz" runs these scripts alone, LEAVE="prop_encode" leaves out that program
PY_RUN := $(if $(PY),$(PY:%=tests/%.py),$(TESTS_PY))

$(BUILD)/tests/%: tests/%.c $(wildcard tests/*.h) src/all.h $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -Wno-unused-function -Itests $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS) $(TESTLIBS)

.PHONY: gates layers style
gates: layers style
layers: $(OBJ)
	@out=$$(sh scripts/layers.sh $(OBJ)); code=$$?; echo "$$out" | grep -E "CIRCLE|objects"; exit $$code
style:
	@sh scripts/style.sh

# the same tests under other compilers and checkers, each in a build folder of its own
.PHONY: clang asan truth
clang:
	@$(MAKE) --no-print-directory CC=clang BUILD=build-clang all test
asan:
	@$(MAKE) --no-print-directory BUILD=build-asan OPT="-O1 -fno-omit-frame-pointer" \
	    SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" all test
truth: $(NETMIP)
	NETMIP=$(abspath $(NETMIP)) sh tests/run.sh $(sort $(wildcard tests/truth_*.py))

.PHONY: matrix truth-short
matrix: $(NETMIP)
	MATRIX=whole NETMIP=$(abspath $(NETMIP)) sh tests/run.sh tests/matrix.py
truth-short: $(NETMIP)
	NETMIP=$(abspath $(NETMIP)) python3 tests/truth_manifest.py --limit 5

.PHONY: test
test: $(NETMIP) $(TESTS_C)
	NETMIP=$(abspath $(NETMIP)) sh tests/run.sh $(filter-out $(LEAVE:%=$(BUILD)/tests/%),$(TESTS_C)) $(PY_RUN)

clean:
	rm -rf build build-*
