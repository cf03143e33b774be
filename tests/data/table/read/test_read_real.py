"""Real files as their publishers wrote them. Counts are the manifest's, or taken with grep, cut and wc."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pytest
from reading import told

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
from rnnbench.errors import UsageError


def test_pollution(own) -> None:
    path = own("forecast/pollution.csv")
    sheet = read(path, Keys())
    assert sheet.frame.shape == (43824, 13) and sheet.frame["pm2.5"].isna().sum() == 2067
    assert sheet.frame["cbwd"].cat.categories.tolist() == ["NE", "NW", "SE", "cv"]
    assert "'NA' 2,067 (pm2.5)" in told(sheet, "missing")
    assert sheet.digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "rows", "first", "number"),
    [
        ("monthly-sunspots.csv", 2820, "1749-01", 58.0),
        ("airline-passengers.csv", 144, "1949-01", 112.0),
        ("daily-min-temperatures.csv", 3650, "1981-01-01", 20.7),
        ("monthly-shampoo-sales.csv", 36, "1-01", 266.0),
        ("solar_gb.csv", 289, "2021-05-01 00:00:00+00:00", 0.0),
        ("elec_equip.csv", 257, "Jan-1-1995", 66.19),
    ],
)
def test_series_keep_their_dates_as_they_are_written(own, name, rows, first, number) -> None:
    sheet = read(own(f"forecast/{name}"), Keys())
    assert sheet.frame.shape == (rows, 2)
    assert sheet.frame.iloc[0, 0] == first and sheet.frame.iloc[0, 1] == np.float32(number)


def test_dates_that_are_whole_numbers_lose_no_digit(own) -> None:
    sheet = read(own("forecast/co2.csv"), Keys())
    assert sheet.frame["date"].dtype == "float64" and sheet.frame["date"].iloc[[0, -1]].tolist() == [19580329, 20011229]
    assert sheet.frame["co2"].isna().sum() == 59 and sheet.frame["co2"].dtype == "float32"


def test_an_index_without_a_name_is_called_by_its_number(own) -> None:
    sheet = read(own("forecast/Uschange.csv"), Keys())
    assert list(sheet.frame.columns)[:2] == ["1", "Quarter"] and sheet.frame["Quarter"][0] == "1970 Q1"


def test_a_wide_panel(own) -> None:
    sheet = read(own("m4_hourly/Hourly-train.csv"), Keys())
    assert sheet.frame.shape == (414, 961) and sheet.frame["V1"].iloc[-1] == "H414"
    assert (sheet.frame["V2"][0], sheet.frame["V3"][0]) == (605, 586)
    assert sheet.frame.iloc[:, 1:].isna().to_numpy().sum() == 43_940  # empty fields, by a count of ",,"


AIR = ("semicolon_decimalcomma", "ddmmyyyy", "mdy_head2000", "iso_bom_head2000")


def test_four_renderings_of_one_data_set_agree_wherever_both_observed(own) -> None:
    """-200 is missing in three, in the fourth blank; there, missing CO and C6H6 stand as 0 in 91 and 366 rows."""
    frames = {name: read(own(f"airquality/AirQualityUCI_{name}.csv"), Keys(missing="-200")).frame for name in AIR}
    columns = [name for name in frames["ddmmyyyy"].columns if name not in ("Date", "Time")]
    assert len(columns) == 13 and [len(frame) for frame in frames.values()] == [9357, 9357, 2000, 2000]
    zeros = frames["ddmmyyyy"][["CO(GT)", "C6H6(GT)"]] == 0
    assert zeros.sum().tolist() == [91, 366]
    frames["ddmmyyyy"] = frames["ddmmyyyy"].mask(zeros.reindex(columns=frames["ddmmyyyy"].columns, fill_value=False))
    for name in columns:
        series = [frame[name].to_numpy()[:2000] for frame in frames.values()]
        for other in series[1:]:
            np.testing.assert_array_equal(other, series[0])  # NaN where the other is
        np.testing.assert_array_equal(frames[AIR[0]][name], frames[AIR[1]][name])


def test_what_looks_like_a_mark_is_named_in_each_rendering(own) -> None:
    for name in ("semicolon_decimalcomma", "mdy_head2000", "iso_bom_head2000"):
        sheet = read(own(f"airquality/AirQualityUCI_{name}.csv"), Keys())
        assert "-200 looks like a missing value" in told(sheet, "marks") and "missing=-200" in told(sheet, "marks")
    sheet = read(own("airquality/AirQualityUCI_ddmmyyyy.csv"), Keys())
    assert "114 blank lines" in told(sheet, "blank")
    assert "C6H6(GT) is 0 in 366 rows" in told(sheet, "marks") and "CO(GT) is 0 in 91 rows" in told(sheet, "marks")
    iso = read(own("airquality/AirQualityUCI_iso_bom_head2000.csv"), Keys())
    assert iso.frame.columns[0] == "Date" and "byte order mark" in told(iso, "encoding")


@pytest.mark.parametrize(("name", "rows"), [("datatraining", 8143), ("datatest", 2665), ("datatest2", 9752)])
def test_a_header_one_name_short(own, name, rows) -> None:
    sheet = read(own(f"occupancy/{name}.txt"), Keys())
    names = ["1", "date", "Temperature", "Humidity", "Light", "CO2", "HumidityRatio", "Occupancy"]
    assert list(sheet.frame.columns) == names and len(sheet.frame) == rows
    assert sheet.frame["date"][0].startswith("2015-02-") and sheet.frame["Occupancy"][0] == 1
    assert "one name fewer" in told(sheet, "header")


def test_numbers_between_blanks_packed_and_without_names(own) -> None:
    path = own("cmapss/train_FD001.txt.gz")
    sheet = read(path, Keys())
    with gzip.open(path) as file:
        expected = np.loadtxt(file)
    assert list(sheet.frame.columns) == [str(i) for i in range(1, 27)]
    np.testing.assert_array_equal(sheet.frame.to_numpy(), expected.astype(np.float32))
    assert told(sheet, "separator") == "blanks" and sheet.lines[[0, -1]].tolist() == [1, 20631]
    truth = read(own("cmapss/RUL_FD001.txt"), Keys())
    assert truth.frame["1"].tolist()[:3] == [112, 98, 69] and len(truth.frame) == 100


def test_whole_numbers_a_step_and_a_label_a_step(own) -> None:
    sheet = read(own("tagging/mitdb.csv"), Keys())
    assert sheet.frame.shape == (7500, 2) and int((np.diff(sheet.frame["label"]) != 0).sum()) == 2


def test_pickup_gestures_are_as_long_as_they_are(own) -> None:
    sheet = read(own("tsc/PickupGestureWiimoteZ_TRAIN.ts"), Keys())
    lengths = sheet.frame["sequence"].value_counts()
    assert (lengths.min(), lengths.max(), len(lengths)) == (29, 361, 50)
    assert sheet.frame.groupby("sequence", observed=True)["class"].first().value_counts().tolist() == [5] * 10
    assert sheet.implied == {"id": "sequence", "time": "none", "target": "class", "task": "label"}
    assert sheet.frame["class"].cat.categories.tolist()[0] == "1" and sheet.lines[0] == 114


@pytest.mark.parametrize(
    ("name", "sequences", "steps", "last"),
    [("Covid3Month_TRAIN", 140, 84, None), ("Covid3Month_TEST", 61, 84, None), ("Tecator_TRAIN", 172, 100, None)],
)
def test_values_a_sequence(own, name, sequences, steps, last) -> None:
    path = own(f"tser/{name}.ts")
    sheet = read(path, Keys())
    rows = [line for line in path.read_text().splitlines() if line and line[0] not in "#@"]
    expected = np.array([[float(cell) for cell in row.partition(":")[0].split(",")] for row in rows], np.float32)
    assert expected.shape == (sequences, steps)
    np.testing.assert_array_equal(sheet.frame["1"].to_numpy().reshape(sequences, steps), expected)
    targets = np.array([float(row.partition(":")[2]) for row in rows], np.float32)
    np.testing.assert_array_equal(sheet.frame["target"].to_numpy().reshape(sequences, steps)[:, -1], targets)
    assert sheet.implied["task"] == "value"


def test_a_watch_of_ragged_arrays(own) -> None:
    path = own("watch/watch_ragged_div4.npz")
    sheet = read(path, Keys(target="y", lengths="lengths", groups="subject"))
    arrays = np.load(path)
    np.testing.assert_array_equal(sheet.frame[["ax", "ay", "az", "wx", "wy", "wz"]].to_numpy(), arrays["values"])
    ends = np.cumsum(arrays["lengths"]) - 1
    assert sheet.frame["y"].iloc[ends].tolist() == arrays["y_labels"][arrays["y"]].tolist()
    assert sheet.frame["subject"].iloc[ends].tolist() == arrays["subject"].tolist()
    assert sheet.frame["sequence"].value_counts(sort=False).tolist() == arrays["lengths"].tolist()


def test_names_of_eighteen_languages(own) -> None:
    path = own("names")
    sheet = read(path, Keys())
    texts = {file.stem: file.read_text(encoding="utf-8").split("\n") for file in path.iterdir()}
    total = sum(len(text.strip()) > 0 for lines in texts.values() for text in lines)
    assert total == 20050 == sheet.frame["sequence"].nunique()
    russian = sheet.frame.loc[sheet.frame["class"] == "Russian", "sequence"].nunique()
    assert russian / total == pytest.approx(0.468, abs=5e-4)
    first = sheet.frame[sheet.frame["sequence"] == "1"]
    assert "".join(first["character"]) == texts["Arabic"][0] and set(first["class"]) == {"Arabic"}
    assert sheet.implied["target"] == "class" and sheet.implied["task"] == "label" and len(sheet.files) == 18


def test_parallel_files_and_zips_of_many_are_refused_with_what_to_do(own) -> None:
    with pytest.raises(UsageError, match="row a word"):
        read(own("snips/test"), Keys())
    with pytest.raises(UsageError, match=r"unzip IndoorMovement\.zip -d IndoorMovement"):
        read(own("indoor_movement/IndoorMovement.zip"), Keys())
    with pytest.raises(UsageError, match="columns"):
        read(own("forecast"), Keys())


def test_one_file_a_sequence_with_a_hash_before_its_header(own, tmp_path) -> None:
    import zipfile

    with zipfile.ZipFile(own("indoor_movement/IndoorMovement.zip")) as archive:
        for i in range(1, 13):
            name = f"MovementAAL_RSS_{i}.csv"
            (tmp_path / name).write_bytes(archive.read(f"dataset/{name}"))
        target = archive.read("dataset/MovementAAL_target.csv")
    sheet = read(tmp_path, Keys())
    assert list(sheet.frame.columns) == ["sequence", *(f"RSS_anchor{i}" for i in range(1, 5))]
    assert sheet.frame["sequence"].cat.categories.tolist() == [f"MovementAAL_RSS_{i}" for i in range(1, 13)]
    assert sheet.implied == {"id": "sequence"}
    assert sheet.frame["RSS_anchor1"][0] == np.float32(-0.90476) and sheet.lines[0] == 2
    (tmp_path / "MovementAAL_target.csv").write_bytes(target)
    with pytest.raises(UsageError, match=r"MovementAAL_target\.csv: its columns \(sequence_ID, class_label\)"):
        read(tmp_path, Keys())
