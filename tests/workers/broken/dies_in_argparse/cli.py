"""Wants an option that nobody gives it."""

import argparse


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--run-name", required=True)
    parser.parse_args(argv)


if __name__ == "__main__":
    main()
