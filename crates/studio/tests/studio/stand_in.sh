#!/bin/sh
# Stands in for dendrite-train: leaves the same files, learns nothing. What --seed says decides how it ends.
case "$1" in
orbit) model=orbit_control ;;
harmony) model=harmonypredictor ;;
*) echo "error: the stand-in makes no $1" >&2; exit 1 ;;
esac
word=$1
for argument in "$@"; do
    case "$argument" in
    --save-dir=*) folder=${argument#*=} ;;
    --epochs=*) epochs=${argument#*=} ;;
    --seed=*) seed=${argument#*=} ;;
    --resume=*) resume=${argument#*=} ;;
    esac
done
epochs=${epochs:-3}
echo "$*" >>"$folder/arguments"
# All but the orbit model hear with an emotion model.
[ "$word" = orbit ] || [ -s "$folder/models/emotionrecognizer.json" ] || { echo "error: no emotion model" >&2; exit 1; }
own="$folder/$model"
mkdir -p "$own/last"
printf '[%s]\nepochs = %s\n' "$word" "$epochs" >"$own/config.toml"
trap 'echo "$word: interrupted"; exit 130' INT TERM
entries=""
epoch=0
if [ -n "$resume" ]; then
    epoch=$(cat "$own/last/state.json")
    entries=$(cat "$own/last/entries")
fi
while [ "$epoch" -lt "$epochs" ]; do
    sleep 0.2
    case "$seed" in
    13) echo "error: the loss of epoch 1 is NaN" >&2; exit 1 ;;
    11) kill -SEGV $$ ;;
    esac
    epoch=$((epoch + 1))
    [ -n "$entries" ] && entries="$entries,"
    entries="$entries{\"epoch\":$epoch,\"train_loss\":$epoch.5,\"validation\":{},\"learning_rate\":0.1,\"seconds\":1}"
    printf '%s' "$entries" >"$own/last/entries"
    echo "$epoch" >"$own/last/state.json"
    printf '{"epochs":[%s]}' "$entries" >"$own/training_history.part"
    mv "$own/training_history.part" "$own/training_history.json"
    echo "$word epoch $epoch"
done
mkdir -p "$folder/models"
cp "$STAND_IN_MODELS/$model.json" "$folder/models/"
