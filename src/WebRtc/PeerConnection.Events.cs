using QemuZeroCopy.WebRtc.Rtp;

namespace QemuZeroCopy.WebRtc;

public sealed partial class PeerConnection
{
    /// <summary>A key frame that has just left is on its way; a request for another within this is about the past.</summary>
    private const long KeyFrameFlightNs = 100_000_000;

    /// <summary>A little less than a browser's patience with a stream that rests (libwebrtc, 3 s).</summary>
    private const long StillNs = 2_500_000_000;

    /// <summary>The host was asked already and has its encoder to persuade.</summary>
    private const long KeyFrameAskedNs = 300_000_000;

    /// <summary>
    /// A viewer whose path carries less than the others' skips again and again, and each of its key frames is everybody's:
    /// it waits twice as long from one to the next, up to the longest.
    /// </summary>
    private const long LeastSkipWaitNs = 500_000_000;

    private const long LongestSkipWaitNs = 4_000_000_000;

    private readonly TrackState[] _tracks;
    private bool _connectedPending;
    private bool _closedPending;
    private bool _feedbackPending;

    private enum KeyFrameReason
    {
        Joined,
        Requested,
        Skipped,
    }

    /// <summary>Gives the next thing that happened; false for none. Its data is valid until the next call on the connection.</summary>
    public bool PollEvent(out PeerEvent peerEvent)
    {
        if (_connectedPending)
        {
            _connectedPending = false;
            peerEvent = new PeerEvent { Kind = PeerEventKind.Connected };
            return true;
        }

        for (int i = 0; i < _tracks.Length && !_closedPending; i++)
        {
            ref TrackState track = ref _tracks[i];
            if (!track.KeyFramePending && !track.RefreshPending)
                continue;
            PeerEventKind kind = track.KeyFramePending ? PeerEventKind.KeyFrameNeeded : PeerEventKind.RefreshWanted;
            track.KeyFramePending = track.RefreshPending = false;
            peerEvent = new PeerEvent { Kind = kind, Track = _video[i].Track };
            return true;
        }

        if (_microphone is not null && _microphone.TryTake(out MicrophonePacket packet))
        {
            peerEvent = new PeerEvent { Kind = PeerEventKind.Microphone, RtpTimestamp = packet.Timestamp, Sequence = packet.Sequence, Data = packet.Payload };
            return true;
        }

        if (_data is not null && _data.PollEvent(out DataTransportEvent data))
        {
            peerEvent = new PeerEvent { Kind = KindOf(data.Kind), Channel = data.Channel, IsBinary = data.IsBinary, Data = data.Data };
            return true;
        }

        if (_feedbackPending)
        {
            _feedbackPending = false;
            peerEvent = new PeerEvent { Kind = PeerEventKind.Feedback };
            return true;
        }

        peerEvent = default;
        if (!_closedPending)
            return false;
        _closedPending = false;
        peerEvent = new PeerEvent { Kind = PeerEventKind.Closed, CloseReason = CloseReason };
        return true;
    }

    internal bool HasPendingClose => _closedPending;

    private static PeerEventKind KindOf(DataTransportEventKind kind) => kind switch
    {
        DataTransportEventKind.Opened => PeerEventKind.ChannelOpened,
        DataTransportEventKind.Message => PeerEventKind.ChannelMessage,
        DataTransportEventKind.Closed => PeerEventKind.ChannelClosed,
        _ => PeerEventKind.ChannelsLost,
    };

    /// <summary>Asks the host for a key frame, unless one is on its way or was just asked for.</summary>
    private void WantKeyFrame(long nowNs, int index, KeyFrameReason reason)
    {
        ref TrackState track = ref _tracks[index];
        long sentNs = _video[index].EntryPointSentNs;
        long flightNs = KeyFrameFlightNs + (long)(Statistics.RoundTripMs * 1e6);
        if (reason == KeyFrameReason.Requested && sentNs != long.MinValue && (nowNs - sentNs < flightNs || IsOnlyStill(nowNs, _video[index])))
            return;
        bool answered = sentNs != long.MinValue && sentNs >= track.AskedNs;
        if (track.WasAsked && !answered && nowNs - track.AskedNs < KeyFrameAskedNs)
            return;
        if (reason == KeyFrameReason.Skipped && answered && !track.MaySkipNow(nowNs))
            return;
        track.WasAsked = true;
        track.AskedNs = nowNs;
        track.KeyFramePending = true;
    }

    /// <summary>
    /// Browsers ask for a key frame when none at all has come for three seconds, which a still screen's viewer has no use
    /// for: all was sent, and has arrived. One that cannot decode asks five times a second, and is heard before.
    /// </summary>
    private bool IsOnlyStill(long nowNs, VideoSender sender) =>
        !sender.NeedsEntryPoint && nowNs - sender.LastSentNs > StillNs && _congestion is { IsTailConfirmed: true };

    /// <summary>Says that repair has failed, unless an entry point is on its way or the host has just been told.</summary>
    private void WantRefresh(long nowNs, int index)
    {
        ref TrackState track = ref _tracks[index];
        long sentNs = _video[index].EntryPointSentNs;
        if (nowNs < track.RefreshAllowedNs || (sentNs != long.MinValue && nowNs - sentNs < KeyFrameFlightNs))
            return;
        track.RefreshAllowedNs = nowNs + KeyFrameAskedNs;
        track.RefreshPending = true;
    }

    private struct TrackState
    {
        public long RefreshAllowedNs;
        public bool WasAsked;
        public long AskedNs;
        public bool KeyFramePending;
        public bool RefreshPending;
        public int LastFirNumber;
        public bool HasFir;
        private long _skipWaitNs;
        private long _skippedNs;

        /// <summary>Whether a viewer that has fallen behind may ask for a key frame now; notes that it does.</summary>
        public bool MaySkipNow(long nowNs)
        {
            if (_skipWaitNs != 0 && nowNs - _skippedNs < _skipWaitNs)
                return false;
            // Who kept up for long after the last time starts anew.
            bool again = _skipWaitNs != 0 && nowNs - _skippedNs < 2 * LongestSkipWaitNs;
            _skipWaitNs = again ? Math.Min(2 * _skipWaitNs, LongestSkipWaitNs) : LeastSkipWaitNs;
            _skippedNs = nowNs;
            return true;
        }
    }
}
