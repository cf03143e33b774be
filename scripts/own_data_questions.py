"""What is asked of each file of RNNBENCH_DATA/own, with the keys that must be said, how much is done, and what was
published of it. The order is that of cost: what is cheap comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SMALL = {"splits": "10", "trials": "16", "seeds": "3"}
"""Ten pairs, or each group left out, of three seeds."""

LARGE = {"splits": "10", "trials": "8", "seeds": "3", "sample": "8000", "steps": "2000"}
"""Where a fit of all examples takes ten seconds or more: as many steps as an answer takes at most."""


@dataclass(frozen=True)
class Question:
    """again: another rendering of data that are asked of already, which no statistic over data sets counts twice."""

    name: str
    path: str
    said: Mapping[str, str] = field(default_factory=dict)
    amount: Mapping[str, str] = field(default_factory=lambda: SMALL)
    published: str = ""
    again: bool = False

    @property
    def keys(self) -> dict[str, str]:
        return {**self.said, **self.amount}


AIR = {"target": "C6H6(GT)", "missing": "-200"}
ROOM = {"target": "Occupancy", "task": "tagging"}

QUESTIONS = (
    Question("shampoo", "forecast/monthly-shampoo-sales.csv"),
    Question("mitdb", "tagging/mitdb.csv"),
    Question("snips", "snips/train"),
    Question("indoor", "indoor_movement/IndoorMovement.zip"),
    Question("airline", "forecast/airline-passengers.csv", {"horizon": "1"},
             published="LSTM 47.53 RMSE; last value 48.04, last year's 41.85"),
    Question("uschange", "forecast/Uschange.csv", {"target": "Consumption", "horizon": "1"}),
    Question("macrodata", "forecast/macrodata.csv", {"target": "realgdp", "horizon": "1"}),
    Question("elec_equip", "forecast/elec_equip.csv", {"horizon": "1"}),
    Question("solar", "forecast/solar_gb.csv", {"horizon": "1"}),
    Question("co2", "forecast/co2.csv", {"horizon": "1"}),
    Question("sunspots", "forecast/monthly-sunspots.csv", {"horizon": "1"}),
    Question("temperatures", "forecast/daily-min-temperatures.csv", {"horizon": "1"}),
    Question("pickup", "tsc/PickupGestureWiimoteZ_TRAIN.ts", {"test": "tsc/PickupGestureWiimoteZ_TEST.ts"}),
    Question("covid", "tser/Covid3Month_TRAIN.ts", {"test": "tser/Covid3Month_TEST.ts"},
             published="mean of training values 0.0447 RMSE"),
    Question("tecator", "tser/Tecator_TRAIN.ts", {"test": "tser/Tecator_TEST.ts"},
             published="mean of training values 12.893 RMSE"),
    Question("air", "airquality/AirQualityUCI_ddmmyyyy.csv", {**AIR, "horizon": "1"}, LARGE),
    Question("air_semicolon", "airquality/AirQualityUCI_semicolon_decimalcomma.csv",
             {**AIR, "horizon": "1", "time": "none"}, LARGE, again=True),
    Question("air_mdy", "airquality/AirQualityUCI_mdy_head2000.csv", {**AIR, "horizon": "1"}, LARGE, again=True),
    Question("air_iso", "airquality/AirQualityUCI_iso_bom_head2000.csv", {**AIR, "horizon": "1"}, LARGE, again=True),
    Question("occupancy_2", "occupancy/datatraining.txt", {**ROOM, "test": "occupancy/datatest2.txt"}, LARGE,
             published="one threshold on Light .993 of labels; the last label .995, which needs labels observed"),
    Question("occupancy_1", "occupancy/datatraining.txt", {**ROOM, "test": "occupancy/datatest.txt"}, LARGE,
             published="one threshold on Light .979 of labels; the last label .990", again=True),
    Question("names", "names", {"task": "label"}, LARGE, published="ceiling .972, commonest class .468 of labels"),
    Question("watch", "watch/watch_ragged_div4.npz", {"target": "y", "lengths": "lengths", "groups": "subject"}, LARGE),
    Question("cmapss", "cmapss/train_FD001.txt.gz",
             {"id": "1", "time": "2", "target": "steps_to_end", "test": "cmapss/test_FD001.txt.gz",
              "truth": "cmapss/RUL_FD001.txt"}, LARGE,
             published="LSTM 24.454 RMSE, GRU 24.453; mean life less age 40.20"),
    Question("pollution", "forecast/pollution.csv", {"target": "pm2.5", "horizon": "1"}, LARGE,
             published="LSTM 26.496 RMSE; last value 26.559"),
    Question("m4_hourly", "m4_hourly/Hourly-train.csv",
             {"id": "V1", "test": "m4_hourly/Hourly-test.csv", "horizon": "48"}, LARGE,
             published="RNN 3.048 MASE; seasonal last value 1.193, last value 11.608"),
)  # fmt: skip
