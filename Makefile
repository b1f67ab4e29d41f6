.PHONY: demo test test-long bench-cortex-m bench-rpi bench-host docs clean

demo:
	./scripts/demo

test:
	./scripts/test

# Full data sets, every export of every network in the folder CNNC_MODELS, see README.md.
test-long:
	./scripts/test -m long

# Instructions, cycles and bytes on Cortex-M beside other libraries'; bench/cortex_m.py has options.
bench-cortex-m:
	./scripts/run -m bench.cortex_m

# Instructions and bytes on Raspberry Pi beside other runtimes'; bench/raspberry_pi.py has options.
bench-rpi:
	./scripts/run -m bench.raspberry_pi

# Time on this machine in turns with XNNPACK and ONNX Runtime; bench/host.py has options.
bench-host:
	./scripts/run -m bench.host

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

docs:
	./scripts/run -c "from cnnc.report.operators_page import operators_page; print(operators_page(), end='')" > docs/operators.md.new
	mv docs/operators.md.new docs/operators.md
