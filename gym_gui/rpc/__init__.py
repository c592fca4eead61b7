"""The gRPC face of the trainer: servicers, converters, client. The only room that imports protobuf."""
