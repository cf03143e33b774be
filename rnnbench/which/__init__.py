"""Which cell for my data: `python -m rnnbench.which FILE key=value …`; the same from Python: `rnnbench.choose`.

asked       what may be typed                 problem, table, learner   what is asked, of a file, of cells
budget      how much is done in the time      tuning                    both cells tuned alike
pairs       the plan carried out              crew, journal             side by side, and kept
answer      one of four, from paired scores   prospects, words, text    what would decide, and how it is said
ask         all of it in order                store                     answer.json
"""
