# netmip: `make demo` and `make check` do all the set-up; see README.md.
CC ?= gcc
CXX := $(if $(findstring clang,$(CC)),clang++,g++)
BUILD ?= build
OPT ?= -O3
SAN ?=
PKGS := cbc clp gmp libcjson zlib libdeflate libprotobuf-c libpng libjpeg nettle expat
LOADED := libzip hdf5 # loaded by src/base/library.c, not linked
WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Werror
PIC := -fPIC -fvisibility=hidden # the same objects for program, static and shared library
CFLAGS += -std=c11 $(OPT) -g $(PIC) -ffp-contract=off -fno-math-errno -Iinclude -Isrc -I$(BUILD)/gen \
          $(shell pkg-config --cflags $(PKGS) $(LOADED) 2>/dev/null) $(SAN)
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lstdc++ -lm -pthread

SRC := $(filter-out src/program/kernel.c,$(sort $(shell find src -name '*.c')))
OBJ := $(SRC:src/%.c=$(BUILD)/%.o) $(BUILD)/program/kernel.generic.o $(BUILD)/base/digits.o \
       $(BUILD)/solver/clp_interrupt.o $(BUILD)/network/file/onnx.pb-c.o \
       $(BUILD)/command/sources.o $(BUILD)/study/page_files.o
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ifeq ($(MACHINE),x86_64)
OBJ += $(BUILD)/program/kernel.avx2.o $(BUILD)/program/kernel.avx512.o
endif
ifeq ($(MACHINE),aarch64)
OBJ += $(BUILD)/program/kernel.neon.o
endif
LIB := $(BUILD)/libnetmip.a
NETMIP := $(BUILD)/netmip
CHECK := $(BUILD)/netmip-check
MAINS := $(BUILD)/main.o $(BUILD)/check_main.o
VERSION := $(shell sed -n 's/^.define NM_VERSION "\(.*\)"/\1/p' src/base/base.h)
SONAME := libnetmip.so.0
SHARED := $(BUILD)/$(SONAME)

.PHONY: all deps demo check clean
all: $(NETMIP) $(CHECK) $(SHARED)

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

# the checker alone: of the archive the linker takes what it calls, and the gate `checker` looks at what that is
$(CHECK): $(BUILD)/check_main.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--gc-sections -Wl,-Map=$(CHECK).map -o $@ $< $(LIB) -Wl,--as-needed $(LDLIBS)

$(OBJ:.o=.d): ;

# other flags, other objects
FLAGS := $(BUILD)/gen/flags
$(FLAGS): FORCE
	@mkdir -p $(@D)
	@echo '$(CFLAGS)' | cmp -s - $@ || echo '$(CFLAGS)' >$@
FORCE:

$(LIB): $(filter-out $(MAINS),$(OBJ))
	@rm -f $@
	$(AR) rcs $@ $^

# the shared library gives out what netmip.h declares, and nothing else
$(BUILD)/gen/exports: include/netmip.h
	@mkdir -p $(@D)
	@{ echo 'NETMIP_0 { global:'; sed -n 's,/\*.*,,; s/^[a-z].*[ *]\(nm_[a-z0-9_]*\)(.*/\1;/p' $<; echo 'local: *; };'; } >$@

$(SHARED): $(filter-out $(MAINS),$(OBJ)) $(BUILD)/gen/exports
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(BUILD)/gen/exports \
	    $(if $(SAN),,-Wl,-z,defs) -o $@ $(filter %.o,$^) $(LDLIBS)
	@ln -sf $(SONAME) $(BUILD)/libnetmip.so

$(BUILD)/gen/onnx.pb-c.c: src/network/file/onnx.proto
	@mkdir -p $(@D)
	protoc-c --c_out=$(@D) --proto_path=src/network/file onnx.proto

$(BUILD)/network/file/onnx.pb-c.o: $(BUILD)/gen/onnx.pb-c.c $(FLAGS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -w -c -o $@ $<

# the prose of help and manual, and the library's header, as one list of texts
PROSE := $(sort $(wildcard src/command/man/*.md src/command/schema/*.json)) include/netmip.h
$(BUILD)/gen/sources.c: $(PROSE)
	@mkdir -p $(@D)
	@{ echo '#include "base/base.h"'; echo '#include "command/page.h"'; echo 'const nm_word nm_sources[] = {'; \
	for f in $(PROSE); do n=$${f##*/}; echo "{\"$${n%.md}\", NULL, \"\""; \
	sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $$f; echo '},'; done; echo '{0}};'; } >$@

$(BUILD)/command/sources.o: $(BUILD)/gen/sources.c $(FLAGS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -c -o $@ $<

# how a report looks, and what it does in a browser, as text
PAGE := src/study/report.css src/study/report.js
$(BUILD)/gen/page_files.c: $(PAGE)
	@mkdir -p $(@D)
	@{ echo '#include "study/html.h"'; for f in $(PAGE); do echo "const char nm_page_$${f##*.}[] ="; \
	sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $$f; echo ';'; done; } >$@

$(BUILD)/study/page_files.o: $(BUILD)/gen/page_files.c $(FLAGS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -c -o $@ $<

# the two C++ files: headers, of which Debian keeps Dragonbox's in a folder named by its version, and Clp's
DRAGONBOX := $(lastword $(sort $(wildcard $(SYSROOT)/usr/include/dragonbox-*)))
COIN := $(patsubst -I%,%,$(shell pkg-config --cflags-only-I clp 2>/dev/null))
$(BUILD)/base/digits.o: CXXFLAGS := -fno-exceptions $(addprefix -isystem ,$(DRAGONBOX))
$(BUILD)/solver/clp_interrupt.o: CXXFLAGS := $(addprefix -isystem ,$(COIN))
$(BUILD)/base/digits.o $(BUILD)/solver/clp_interrupt.o: $(BUILD)/%.o: src/%.cc $(FLAGS)
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O2 -g $(PIC) -DNDEBUG -fno-rtti $(CXXFLAGS) $(SAN) -c -o $@ $<

$(BUILD)/program/kernel.avx512.o: KERNEL := -DNM_KERNEL_avx512 -mavx512f -mavx2 -mfma
$(BUILD)/program/kernel.avx2.o: KERNEL := -DNM_KERNEL_avx2 -mavx2 -mfma
$(BUILD)/program/kernel.neon.o: KERNEL := -DNM_KERNEL_neon
$(BUILD)/program/kernel.%.o: src/program/kernel.c $(FLAGS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) $(KERNEL) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: src/%.c $(BUILD)/gen/onnx.pb-c.c $(FLAGS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

# ---- tests (tests/README.md): C programs, each with a main of its own, and scripts, in a folder for each room ----
# ROOM=bounds runs the tests of one room, PY="command/command_line fuzz/damaged_files" these scripts alone,
# LEAVE="encoding/prop_encode cross/matrix" leaves out this program and this script
ROOM ?=
IN := tests$(ROOM:%=/%)
TESTS_C := $(filter-out $(BUILD)/tests/kit/%,$(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(shell find $(IN) -name '*.c'))))
TESTS_PY := $(filter-out tests/kit/% tests/truth/%,$(sort $(shell find $(IN) -name '*.py')))
PY_RUN := $(filter-out $(LEAVE:%=tests/%.py),$(if $(PY),$(PY:%=tests/%.py),$(TESTS_PY)))

$(BUILD)/tests/%: tests/%.c $(wildcard tests/*/*.h) $(shell find src -name '*.h') $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -Wno-unused-function -Itests/kit $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

.PHONY: gates layers rooms includes style exports checker
gates: layers rooms includes style exports checker
layers: $(OBJ)
	@out=$$(sh scripts/layers.sh $(OBJ)); code=$$?; echo "$$out" | grep -E "CIRCLE|objects"; exit $$code
rooms: $(OBJ)
	@sh scripts/rooms.sh $(BUILD)
includes:
	@python3 scripts/includes.py
style:
	@sh scripts/style.sh
checker: $(CHECK)
	@sh scripts/checker.sh $(BUILD)
exports: $(SHARED)
	@sh scripts/exports.sh $(SHARED)

# the manual and completions of shells, as the program prints them: man -M build/man netmip
.PHONY: man completions
man: $(NETMIP)
	@rm -rf $(BUILD)/man
	@sed -n 's/^VERB(\([a-z]*\),.*/\1 1/p; s/^PAGE(\([a-z]*\), \([0-9]\),.*/\1 \2/p' src/command/command.def | \
	while read -r name section; do \
	    case $$name in netmip | libnetmip) file=$$name ;; *) file=netmip-$$name ;; esac; mkdir -p $(BUILD)/man/man$$section; \
	    $(NETMIP) help $$name --man >$(BUILD)/man/man$$section/$$file.$$section || exit 1; \
	done
completions: $(NETMIP)
	@mkdir -p $(BUILD)/completions
	@$(NETMIP) help --completion bash >$(BUILD)/completions/netmip.bash
	@$(NETMIP) help --completion zsh >$(BUILD)/completions/_netmip
	@$(NETMIP) help --completion fish >$(BUILD)/completions/netmip.fish

# the same answers on another processor (scripts/arm64.sh)
.PHONY: arm64 arm64-deps
arm64-deps:
	@sh scripts/arm64.sh deps
arm64: $(NETMIP)
	@sh scripts/arm64.sh check

# the same tests under other compilers and checkers, each in a build folder of its own
.PHONY: clang asan tsan truth
clang:
	@$(MAKE) --no-print-directory CC=clang BUILD=build-clang all test
asan:
	@$(MAKE) --no-print-directory BUILD=build-asan OPT="-O1 -fno-omit-frame-pointer" \
	    SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" all test
# jobs in several threads, and threads within a job; -O1, and these programs: the others have one thread
TSAN_TESTS := library/test_threads search/prop_threads
tsan:
	@$(MAKE) --no-print-directory BUILD=build-tsan OPT="-O1" SAN="-fsanitize=thread" $(TSAN_TESTS:%=build-tsan/tests/%)
	TSAN_OPTIONS=halt_on_error=1 sh tests/kit/run.sh $(TSAN_TESTS:%=build-tsan/tests/%)
truth: $(NETMIP)
	NETMIP=$(abspath $(NETMIP)) sh tests/kit/run.sh $(sort $(wildcard tests/truth/*.py))

.PHONY: matrix truth-short
matrix: $(NETMIP)
	MATRIX=$${MATRIX:-whole} NETMIP=$(abspath $(NETMIP)) sh tests/kit/run.sh tests/cross/matrix.py
truth-short: $(NETMIP)
	NETMIP=$(abspath $(NETMIP)) python3 tests/truth/manifest.py --limit 5 --hard "few inputs"

.PHONY: test
.PHONY: test-programs
test-programs: $(TESTS_C) $(BUILD)/tests/kit/forks
test: $(NETMIP) $(TESTS_C) $(BUILD)/tests/kit/forks
	NETMIP=$(abspath $(NETMIP)) sh tests/kit/run.sh $(filter-out $(LEAVE:%=$(BUILD)/tests/%),$(TESTS_C)) $(PY_RUN)

# ---- installing: make install PREFIX=/usr DESTDIR=/tmp/root; what is not under PREFIX is said by its own variable ----
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
TO = $(DESTDIR)$(1)
EXAMPLES := $(filter-out models/suite,$(wildcard models/*))

.PHONY: install uninstall $(BUILD)/netmip.pc
$(BUILD)/netmip.pc:
	@printf '%s\n' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: netmip' \
	    'Description: questions about neural networks as mixed-integer programs' 'Version: $(VERSION)' \
	    'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lnetmip' \
	    'Libs.private: $(LDLIBS)' >$@

install: all man completions $(BUILD)/netmip.pc
	install -d $(foreach d,$(BINDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR) \
	    $(DATADIR)/netmip/models/suite $(DATADIR)/netmip/schema,$(call TO,$(d)))
	install -m 755 $(NETMIP) $(CHECK) $(call TO,$(BINDIR))
	install -m 644 $(LIB) $(call TO,$(LIBDIR))
	install -m 644 $(SHARED) $(call TO,$(LIBDIR))/libnetmip.so.$(VERSION)
	ln -sf libnetmip.so.$(VERSION) $(call TO,$(LIBDIR))/$(SONAME)
	ln -sf $(SONAME) $(call TO,$(LIBDIR))/libnetmip.so
	install -m 644 include/netmip.h $(call TO,$(INCLUDEDIR))
	install -m 644 $(BUILD)/netmip.pc $(call TO,$(LIBDIR))/pkgconfig
	install -m 644 $(EXAMPLES) $(call TO,$(DATADIR))/netmip/models
	install -m 644 models/suite/* $(call TO,$(DATADIR))/netmip/models/suite
	install -m 644 src/command/schema/*.json $(call TO,$(DATADIR))/netmip/schema
	cd $(BUILD)/man && for f in man*/*; do install -D -m 644 $$f $(abspath $(call TO,$(MANDIR)))/$$f && \
	    sed -i 's|/usr/local/share/netmip|$(DATADIR)/netmip|' $(abspath $(call TO,$(MANDIR)))/$$f || exit 1; done
	install -m 644 $(BUILD)/completions/netmip.bash $(call TO,$(BASHDIR))/netmip
	install -m 644 $(BUILD)/completions/_netmip $(call TO,$(ZSHDIR))
	install -m 644 $(BUILD)/completions/netmip.fish $(call TO,$(FISHDIR))

uninstall: man
	rm -f $(call TO,$(BINDIR))/netmip $(call TO,$(BINDIR))/netmip-check $(call TO,$(INCLUDEDIR))/netmip.h $(call TO,$(LIBDIR))/libnetmip.* \
	    $(call TO,$(LIBDIR))/pkgconfig/netmip.pc $(call TO,$(BASHDIR))/netmip $(call TO,$(ZSHDIR))/_netmip \
	    $(call TO,$(FISHDIR))/netmip.fish
	rm -rf $(call TO,$(DATADIR))/netmip
	cd $(BUILD)/man && for f in man*/*; do rm -f $(abspath $(call TO,$(MANDIR)))/$$f; done

# what git knows, the same bytes from the same commit; scripts/make-deb.sh makes Debian packages of it
.PHONY: dist
dist:
	@mkdir -p $(BUILD)
	@git ls-files -z | LC_ALL=C sort -z | tar --null -T - --sort=name --format=gnu --owner=0 --group=0 --numeric-owner \
	    --mode=u=rwX,go=rX --mtime=@$$(git log -1 --format=%ct) --transform 'flags=r;s,^,netmip-$(VERSION)/,' -cf - | \
	    gzip -9n >$(BUILD)/netmip-$(VERSION).tar.gz
	@echo $(BUILD)/netmip-$(VERSION).tar.gz

# a wheel of the Python package, with the library and what it links to
.PHONY: wheel
wheel: all $(BUILD)/netmip.pc
	@sh scripts/python/make-wheel.sh $(BUILD)

clean:
	rm -rf build build-*
