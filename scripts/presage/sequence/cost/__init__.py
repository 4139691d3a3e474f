"""What a study will cost in computing time, memory and disk, known before anything is run, on any machine.

``trace`` runs the model's own code on tensors without data; ``sizes`` finds how large the study is; ``plan`` multiplies
the two, ``gpus`` divides by a card's data sheet, and ``text`` is what a terminal shows.
"""
