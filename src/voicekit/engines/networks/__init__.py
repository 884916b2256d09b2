"""Neural networks that voicekit runs itself: in ONNX Runtime on a CPU, in PyTorch on a GPU."""
