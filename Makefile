.PHONY: demo test test-long clean

demo:
	./scripts/demo

test:
	./scripts/test

# Full data sets, every export of every shared model.
test-long:
	./scripts/test -m long

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
