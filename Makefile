# SPDX-License-Identifier: LGPL-2.1-or-later
# The front door to meson and to tools/: each rule is one call. Options of meson go into build/ by `meson configure`.
# Unit tests are built in folders of their own (tools/run-tests), so that building asks for no test library.
BUILD = build
SETUP = --buildtype=release -Db_lto=true -Dunit_tests=false $(if $(CI),--werror)

.PHONY: all demo check bench soak install clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	tools/install-deps build
	meson setup $(BUILD) $(SETUP)

# A Debian system, or where none can be had a tiny one, in a container: started, looked at, entered, powered off.
demo: all
	tools/install-deps demo || echo 'demo: going on with a tiny system that is made here'
	tools/demo $(BUILD)

# Everything that can be tested on this machine. Words in TESTS pick parts or tests: make check TESTS='unit net'.
check: all
	tools/install-deps test
	tools/run-tests --build=$(BUILD) $(TESTS)

bench: all
	tools/install-deps bench || echo 'bench: going on without what is missing'
	REDD=$(CURDIR)/$(BUILD)/redd tools/as-root bench/run $(BENCH)

# Hours in minutes: mixed starts and kills for SOAK_MINUTES, 1000 reboots, 10 000 streams and 100 000 times exec, 300
# machines that start with the host, 500 killed verbs on images; looks whether anything is left behind or grows. SOAK=reboots picks a part.
soak: all
	tools/install-deps test
	tools/as-root env BUILD=$(CURDIR)/$(BUILD) SOAK_MINUTES=$(or $(SOAK_MINUTES),10) tests/integration/soak/run $(SOAK)

# Below DESTDIR where that is set, as packages do, and then as whoever calls.
install: all
	$(if $(DESTDIR),,tools/as-root) meson install -C $(BUILD) --no-rebuild

clean:
	[ ! -e $(BUILD)/demo ] || tools/as-root rm -rf --one-file-system $(BUILD)/demo
	rm -rf $(BUILD) build-check build-clang build-hooks build-packaged
