"""The campaign: commands that try to break the product, too long for the suite. docs/reliability.md has the figures.

    python -m tests.campaign.kills n=200
    python -m tests.campaign.fuzz kind=configurations n=2000
    python -m tests.campaign.faults
    python -m tests.campaign.memory runs=1000
    python -m tests.campaign.signals n=100
    python -m tests.campaign.known_holes

Each appends a line a case to out= (build/campaign/NAME.jsonl), goes on where it was stopped, and ends with a summary
and exit code 1 where a promise was broken.
"""
