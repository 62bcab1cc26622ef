#!/bin/sh
# Makes this computer a screen of Enseigne, served by @SERVER@
#
#   curl -fsSL @SERVER@/player/install | sudo sh -s -- [--name NAME] [--size 1920x1080]
#        [--rotate 0|90|180|270] [--ca FILE] [--no-start] [--uninstall]
#
# Takes the player from that server and what it needs from Debian's packages, nothing from
# anywhere else. Again and again without harm. Read it first, if you like: nothing runs before the
# last line.
set -eu

SERVER='@SERVER@'
VERSION='@VERSION@'
SHA256='@SHA256@'
# Whom this computer believes when it is told to update the player.
SERVER_KEY='@SERVER_KEY@'

say() { printf '%s\n' "$*"; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

# Of os-release(5), in a shell of its own: it sets names that are used here too.
about() ( # shellcheck disable=SC1091
    . /etc/os-release
    eval "printf '%s' \"\${$1:-}\""
)

check_system() {
    [ "$(id -u)" = 0 ] || stop "This needs root: curl … | sudo sh -s"
    command -v apt-get >/dev/null ||
        stop "This computer has no apt: Debian 12 or 13, or Raspberry Pi OS of these, is needed."
    case " $(about ID) $(about ID_LIKE) " in
        *" debian "*) ;;
        *) stop "This is $(about PRETTY_NAME): Debian 12 or 13, or Raspberry Pi OS of these, is needed." ;;
    esac
    release=$(about VERSION_ID)
    [ "$(about ID)" != debian ] || [ "${release%%.*}" -ge 12 ] ||
        stop "This is $(about PRETTY_NAME): Debian 12 or newer is needed."
    case "$(dpkg --print-architecture)" in
        arm64 | amd64) ;;
        *) stop "This system has $(dpkg --print-architecture) packages: a 64-bit one is needed (arm64, amd64)." ;;
    esac
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

installed() { dpkg-query -W -f '${db:Status-Status} ${Version}' enseigne-player 2>/dev/null || true; }

install_package() {
    if [ "$(installed)" = "installed $VERSION" ] && [ "$(enseigne-player-setup kept 2>/dev/null)" = "$VERSION" ]; then
        say "The player $VERSION is installed already."
        return
    fi
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    chmod 755 "$folder"
    file="$folder/enseigne-player.deb"
    say "Fetching the player $VERSION from $SERVER …"
    curl -fsSL --retry 5 --retry-connrefused ${CA:+--cacert "$CA"} -o "$file" \
        "$SERVER/player/enseigne-player.deb" || stop "$SERVER could not be reached, or does not serve the player."
    printf '%s  %s\n' "$SHA256" "$file" | sha256sum -c --quiet ||
        stop "What came is not what was announced (it may have been updated meanwhile): start again."
    if [ "$(installed)" != "installed $VERSION" ]; then install_file; fi
    enseigne-player-setup keep "$file" >/dev/null ||
        say "Its package could not be kept: the server cannot update this player; see above."
}

install_file() {
    say "Installing it, and what it needs from Debian's packages …"
    apt update || say "The lists of packages could not be renewed: those that are here are used."
    # A file's own version says which code it is, not which is newer: going back is meant too.
    apt install --allow-downgrades "$file" || stop "apt could not install it; see above, then start again."
}

configure() {
    if [ -n "$CA" ]; then
        install -m 644 "$CA" /etc/enseigne-player/ca.pem
        set -- "$@" ca=/etc/enseigne-player/ca.pem
    fi
    enseigne-player-setup pin "$SERVER_KEY" || say "The server's key could not be kept: it cannot update this player."
    enseigne-player-setup set "server=$SERVER" "$@" || stop "Nothing was set; start again with another value."
    enseigne-player-setup take || say "The start of this computer could not be made quiet; see above."
}

start() {
    if [ ! -d /run/systemd/system ]; then
        say "systemd does not run here: the player starts with the computer."
    elif [ "$STARTS" = yes ]; then
        systemctl restart enseigne-player.service || stop "The player does not start: journalctl -u enseigne-player"
        systemctl --no-block restart enseigne-kiosk.service
    else
        systemctl stop enseigne-kiosk.service enseigne-player.service
    fi
}

uninstall() {
    if [ -n "$(installed)" ]; then
        apt purge enseigne-player || stop "apt could not remove it; see above."
    fi
    say "The player is gone, with its key, its plan and its settings. What it needed stays:"
    say "  sudo apt-get autoremove"
}

expect() {
    say ""
    say "This computer is a screen of $SERVER."
    say "  Now       its display shows a code of six characters: type it at $SERVER/pair"
    say "  Then      it plays within seconds, and offline too"
    say "  After a restart it comes up without a desktop and by itself: sudo systemctl reboot"
    say "  How is it?        curl http://127.0.0.1:8090/health"
    say "  What happened?    journalctl -u enseigne-player -u enseigne-kiosk"
    say "  Remove it         curl -fsSL $SERVER/player/install | sudo sh -s -- --uninstall"
}

main() {
    CA='' STARTS=yes REMOVES=no
    left=$#
    while [ "$left" -gt 0 ]; do
        case "$1" in
            --name | --size | --rotate | --ca)
                [ "$left" -gt 1 ] || stop "$1 needs a value."
                # Settings go to the end of the words: what is left at last is what to set.
                if [ "$1" = --ca ]; then CA=$2; else set -- "$@" "${1#--}=$2"; fi
                shift
                left=$((left - 1))
                ;;
            --no-start) STARTS=no ;;
            --uninstall) REMOVES=yes ;;
            *) stop "What is $1? There are --name, --size, --rotate, --ca, --no-start, --uninstall." ;;
        esac
        shift
        left=$((left - 1))
    done
    [ -z "$CA" ] || [ -f "$CA" ] || stop "There is no file $CA."
    check_system
    if [ "$REMOVES" = yes ]; then
        uninstall
    else
        install_package
        configure "$@"
        start
        if [ "$STARTS" = yes ]; then expect; fi
    fi
}

main "$@"
