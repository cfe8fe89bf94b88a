"""Make calls to Tencent Cloud."""
