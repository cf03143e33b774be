"""results/NAME/report.html: the answer in three sentences, then what it stands on."""
