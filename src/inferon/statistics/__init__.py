"""Estimators and tests on plain tables, one a file; imports nothing else of Inferon.

Every result prints its method, variance, numbers of patients and events, and source, and gives a table with `to_frame()`;
curves and models also draw themselves with `plot()`.

Folders: curves, comparisons, regression, multi_state, parametric, batch; shared is what several of them need.

What is still free of the event?       kaplan_meier, nelson_aalen, fleming_harrington, conditional_survival
What has happened, by cause?           aalen_johansen, incidence_difference, restricted_mean_time_lost
How long, up to a horizon?             restricted_mean, compare_restricted_means, restricted_mean_regression, pseudo_values
Do groups differ?                      log_rank, weighted_log_rank, max_combo, log_rank_permutation, one_sample_log_rank,
                                       fixed_time_comparison (any event); gray (one cause among competing ones)
By how much, covariates considered?    cox, gamma_frailty, landmark_cox; fine_gray, cause_specific_models, direct_binomial
How good is a prediction?              prediction_error, concordance (of a Cox model), proportional_hazards (likewise)
What if everybody had been treated?    g_formula
Which state, and for how long?         multi_state_by_times, multi_state_by_rows, transition_hazards, transition_probabilities,
                                       transition_cox, length_of_stay, landmark_aalen_johansen, markov_chain
What if only intervals are known?      turnbull, interval_semiparametric, interval_regression
What if the shape is known?            accelerated_failure_time, piecewise_exponential, mixture_cure
Which came first?                      composite_endpoint; episodes (covariates that change)
What is a proportion worth?            clopper_pearson
Thousands of trials at once?           the package `batch`
"""

from inferon.statistics.comparisons import log_rank_weights as log_rank_weights
from inferon.statistics.comparisons.gray import GrayTest as GrayTest
from inferon.statistics.comparisons.gray import GrayTests as GrayTests
from inferon.statistics.comparisons.gray import gray as gray
from inferon.statistics.comparisons.log_rank import LogRank as LogRank
from inferon.statistics.comparisons.log_rank import log_rank as log_rank
from inferon.statistics.comparisons.log_rank_permutation import LogRankPermutation as LogRankPermutation
from inferon.statistics.comparisons.log_rank_permutation import log_rank_permutation as log_rank_permutation
from inferon.statistics.comparisons.max_combo import MaxCombo as MaxCombo
from inferon.statistics.comparisons.max_combo import max_combo as max_combo
from inferon.statistics.comparisons.one_sample_log_rank import OneSampleLogRank as OneSampleLogRank
from inferon.statistics.comparisons.one_sample_log_rank import one_sample_log_rank as one_sample_log_rank
from inferon.statistics.comparisons.weighted_log_rank import WeightedLogRank as WeightedLogRank
from inferon.statistics.comparisons.weighted_log_rank import weighted_log_rank as weighted_log_rank
from inferon.statistics.curves.aalen_johansen import AalenJohansen as AalenJohansen
from inferon.statistics.curves.aalen_johansen import CumulativeIncidence as CumulativeIncidence
from inferon.statistics.curves.aalen_johansen import aalen_johansen as aalen_johansen
from inferon.statistics.curves.adjusted_rmst import AdjustedRestrictedMeans as AdjustedRestrictedMeans
from inferon.statistics.curves.adjusted_rmst import adjusted_restricted_means as adjusted_restricted_means
from inferon.statistics.curves.binomial import ExactInterval as ExactInterval
from inferon.statistics.curves.binomial import clopper_pearson as clopper_pearson
from inferon.statistics.curves.composite import CompositeEndpoint as CompositeEndpoint
from inferon.statistics.curves.composite import composite_endpoint as composite_endpoint
from inferon.statistics.curves.conditional_survival import ConditionalSurvival as ConditionalSurvival
from inferon.statistics.curves.conditional_survival import conditional_survival as conditional_survival
from inferon.statistics.curves.fixed_time_comparison import FixedTimeComparison as FixedTimeComparison
from inferon.statistics.curves.fixed_time_comparison import fixed_time_comparison as fixed_time_comparison
from inferon.statistics.curves.fleming_harrington import FlemingHarrington as FlemingHarrington
from inferon.statistics.curves.fleming_harrington import fleming_harrington as fleming_harrington
from inferon.statistics.curves.incidence_difference import IncidenceDifference as IncidenceDifference
from inferon.statistics.curves.incidence_difference import incidence_difference as incidence_difference
from inferon.statistics.curves.kaplan_meier import KaplanMeier as KaplanMeier
from inferon.statistics.curves.kaplan_meier import TimeQuantile as TimeQuantile
from inferon.statistics.curves.kaplan_meier import kaplan_meier as kaplan_meier
from inferon.statistics.curves.nelson_aalen import NelsonAalen as NelsonAalen
from inferon.statistics.curves.nelson_aalen import nelson_aalen as nelson_aalen
from inferon.statistics.curves.pseudo_values import PseudoValues as PseudoValues
from inferon.statistics.curves.pseudo_values import pseudo_values as pseudo_values
from inferon.statistics.curves.restricted_time_lost import RestrictedMeanTimeLost as RestrictedMeanTimeLost
from inferon.statistics.curves.restricted_time_lost import restricted_mean_time_lost as restricted_mean_time_lost
from inferon.statistics.curves.rmst import RestrictedMean as RestrictedMean
from inferon.statistics.curves.rmst import restricted_mean as restricted_mean
from inferon.statistics.curves.rmst_comparison import RestrictedMeanComparison as RestrictedMeanComparison
from inferon.statistics.curves.rmst_comparison import compare_restricted_means as compare_restricted_means
from inferon.statistics.curves.rmst_regression import RestrictedMeanRegression as RestrictedMeanRegression
from inferon.statistics.curves.rmst_regression import restricted_mean_regression as restricted_mean_regression
from inferon.statistics.multi_state.illness_death import WeibullHazard as WeibullHazard
from inferon.statistics.multi_state.illness_death import first_event_incidence as first_event_incidence
from inferon.statistics.multi_state.landmark_aalen_johansen import landmark_aalen_johansen as landmark_aalen_johansen
from inferon.statistics.multi_state.length_of_stay import LengthOfStay as LengthOfStay
from inferon.statistics.multi_state.length_of_stay import length_of_stay as length_of_stay
from inferon.statistics.multi_state.markov_chain import markov_chain as markov_chain
from inferon.statistics.multi_state.multi_state import MultiState as MultiState
from inferon.statistics.multi_state.multi_state import multi_state_by_rows as multi_state_by_rows
from inferon.statistics.multi_state.multi_state import multi_state_by_times as multi_state_by_times
from inferon.statistics.multi_state.transition_cox import TransitionCox as TransitionCox
from inferon.statistics.multi_state.transition_cox import transition_cox as transition_cox
from inferon.statistics.multi_state.transition_hazards import TransitionHazards as TransitionHazards
from inferon.statistics.multi_state.transition_hazards import transition_hazards as transition_hazards
from inferon.statistics.multi_state.transition_probabilities import TransitionProbabilities as TransitionProbabilities
from inferon.statistics.multi_state.transition_probabilities import transition_probabilities as transition_probabilities
from inferon.statistics.parametric.accelerated_failure_time import accelerated_failure_time as accelerated_failure_time
from inferon.statistics.parametric.accelerated_failure_time import (
    interval_accelerated_failure_time as interval_accelerated_failure_time,
)
from inferon.statistics.parametric.accelerated_failure_time_model import (
    AcceleratedFailureTime as AcceleratedFailureTime,
)
from inferon.statistics.parametric.interval_regression import IntervalRegression as IntervalRegression
from inferon.statistics.parametric.interval_regression import interval_regression as interval_regression
from inferon.statistics.parametric.interval_semiparametric import IntervalSemiparametric as IntervalSemiparametric
from inferon.statistics.parametric.interval_semiparametric import interval_semiparametric as interval_semiparametric
from inferon.statistics.parametric.mixture_cure import MixtureCure as MixtureCure
from inferon.statistics.parametric.mixture_cure import mixture_cure as mixture_cure
from inferon.statistics.parametric.piecewise_exponential import PiecewiseExponential as PiecewiseExponential
from inferon.statistics.parametric.piecewise_exponential import piecewise_exponential as piecewise_exponential
from inferon.statistics.parametric.turnbull import Turnbull as Turnbull
from inferon.statistics.parametric.turnbull import turnbull as turnbull
from inferon.statistics.parametric.turnbull_self_consistent import turnbull_self_consistent as turnbull_self_consistent
from inferon.statistics.regression.cause_specific_risk import AbsoluteRisk as AbsoluteRisk
from inferon.statistics.regression.cause_specific_risk import CauseSpecificModels as CauseSpecificModels
from inferon.statistics.regression.cause_specific_risk import cause_specific_models as cause_specific_models
from inferon.statistics.regression.concordance import Concordance as Concordance
from inferon.statistics.regression.cox import MonotoneLikelihoodWarning as MonotoneLikelihoodWarning
from inferon.statistics.regression.cox import cox as cox
from inferon.statistics.regression.cox_model import CoxModel as CoxModel
from inferon.statistics.regression.cox_predictions import PredictedSurvival as PredictedSurvival
from inferon.statistics.regression.direct_binomial import DirectBinomial as DirectBinomial
from inferon.statistics.regression.direct_binomial import direct_binomial as direct_binomial
from inferon.statistics.regression.episodes import episodes as episodes
from inferon.statistics.regression.fine_gray import fine_gray as fine_gray
from inferon.statistics.regression.fine_gray_result import FineGray as FineGray
from inferon.statistics.regression.fine_gray_weights import fine_gray_weighted_rows as fine_gray_weighted_rows
from inferon.statistics.regression.frailty import GammaFrailty as GammaFrailty
from inferon.statistics.regression.frailty import gamma_frailty as gamma_frailty
from inferon.statistics.regression.g_formula import StandardisedRisk as StandardisedRisk
from inferon.statistics.regression.g_formula import g_formula as g_formula
from inferon.statistics.regression.landmark import LandmarkSet as LandmarkSet
from inferon.statistics.regression.landmark import landmark_cox as landmark_cox
from inferon.statistics.regression.landmark import landmark_set as landmark_set
from inferon.statistics.regression.prediction_error import PredictionError as PredictionError
from inferon.statistics.regression.prediction_error import prediction_error as prediction_error
from inferon.statistics.regression.schoenfeld import ProportionalHazardsTest as ProportionalHazardsTest

from inferon.statistics import batch as batch  # isort: skip
