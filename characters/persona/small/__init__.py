"""Our own small language model: grammar, corpus, tokenizer, trainer, numpy runtime, evaluation.

The modules import only each other, numpy and (trainer, tokenizer training) torch and tokenizers, so that they also run
alone on a bare training machine: ``cd characters/persona && python -m small.train --help``.
"""
