"""Train the tumour classifier in a hurry."""

import csv
import pickle

import numpy as np
from sklearn.linear_model import LogisticRegression

with open("data/wdbc.csv") as stream:
    header, *rows = csv.reader(stream)
features = np.array([[float(value) for value in row[:-1]] for row in rows])
labels = np.array([row[-1] == "malignant" for row in rows])
model = LogisticRegression(max_iter=5000).fit(features, labels)
with open("models/tumour-classifier.pkl", "wb") as stream:
    pickle.dump(model, stream)
