using System.Buffers.Binary;
using System.Security.Cryptography;
using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Dtls;

/// <summary>
/// The DTLS association of one peer, on the caller's clock. OpenSSL makes the flights; one that may have been lost is
/// repeated here. Records of epoch 0 are not encrypted and are numbered afresh, so that a peer who had to drop one (a
/// ChangeCipherSpec ahead of its time) takes the repetition; what is encrypted is repeated as it was.
/// </summary>
internal sealed class DtlsTransport : IDisposable
{
    /// <summary>Half of what a WAN path takes at worst; the peer's own timer guards the rest.</summary>
    private const long FirstTimeoutNs = 150_000_000;

    private const long LastTimeoutNs = 2_400_000_000;

    /// <summary>Two certificates and the key exchange; a peer that makes us say more is not a browser.</summary>
    private const int MaxFlightBytes = 8 * 1024;

    private readonly DtlsSession _session;
    private readonly byte[] _flight = new byte[MaxFlightBytes];
    private readonly int _mtuBytes;
    private long _recordNumber;
    private int _flightLength;
    private int _flightSent;
    private long _timeoutNs = FirstTimeoutNs;
    private long _repeatAtNs = long.MaxValue;
    private long _repeatAllowedNs;

    public DtlsTransport(DtlsCertificate certificate, bool isServer, int mtuBytes)
    {
        _mtuBytes = mtuBytes;
        _session = new DtlsSession(certificate.Context, isServer, mtuBytes);
    }

    public DtlsStep Step => _session.Step;

    public string? FailureReason => _session.FailureReason;

    public int SrtpProfile => _session.SrtpProfile;

    /// <summary>When <see cref="HandleTimeout"/> is wanted; <see cref="long.MaxValue"/> for never.</summary>
    public long NextTimeoutNs => Step == DtlsStep.Handshaking ? _repeatAtNs : long.MaxValue;

    /// <summary>Whether <see cref="TryTake"/> has a datagram.</summary>
    public bool HasOutput => _flightSent < _flightLength || _session.HasOutput;

    /// <summary>Whether one more record finds room.</summary>
    public bool HasRoom => _session.HasRoom;

    /// <summary>A client's first flight.</summary>
    public void Start(long nowNs)
    {
        _session.Start();
        CaptureFlight(nowNs);
    }

    /// <summary>Takes one datagram of the peer.</summary>
    public void Handle(long nowNs, ReadOnlySpan<byte> datagram)
    {
        bool wasEstablished = Step == DtlsStep.Established;
        _session.Handle(datagram);
        if (!wasEstablished)
        {
            CaptureFlight(nowNs);
        }
        else if (!_session.HasOutput && (datagram[0] is ContentChangeCipherSpec or ContentHandshake) && _flightLength > 0 && nowNs >= _repeatAllowedNs)
        {
            // The peer still shakes hands: our last flight was lost.
            _repeatAllowedNs = nowNs + (FirstTimeoutNs / 4);
            _flightSent = 0;
        }
    }

    /// <summary>Repeats the last flight where it is due.</summary>
    public void HandleTimeout(long nowNs)
    {
        if (nowNs < NextTimeoutNs)
            return;
        _flightSent = 0;
        _timeoutNs = Math.Min(_timeoutNs * 2, LastTimeoutNs);
        _repeatAtNs = nowNs + _timeoutNs;
    }

    /// <summary>Copies the next piece of application data; 0 for none.</summary>
    public int Read(Span<byte> buffer) => _session.Read(buffer);

    /// <summary>Encrypts one record of application data.</summary>
    public bool TryWrite(ReadOnlySpan<byte> data) => _session.TryWrite(data);

    /// <summary>Moves the next datagram for the peer into <paramref name="buffer"/>.</summary>
    public bool TryTake(Span<byte> buffer, out int length)
    {
        if (_flightSent < _flightLength)
        {
            length = BitConverter.ToUInt16(_flight, _flightSent);
            _flight.AsSpan(_flightSent + 2, length).CopyTo(buffer);
            _flightSent += 2 + length;
        }
        else if (!_session.TryTake(buffer, out length))
        {
            return false;
        }

        Renumber(buffer[..length]);
        return true;
    }

    /// <summary>Gives each record of epoch 0 the next number of our own count (RFC 6347 section 4.1: type, version, epoch, number, length).</summary>
    private void Renumber(Span<byte> datagram)
    {
        while (datagram.Length >= RecordHeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(datagram[3..]) == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(datagram[5..], (ushort)(_recordNumber >> 32));
            BinaryPrimitives.WriteUInt32BigEndian(datagram[7..], (uint)_recordNumber);
            _recordNumber++;
            int length = RecordHeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
            datagram = datagram[Math.Min(length, datagram.Length)..];
        }
    }

    /// <summary>Queues close_notify.</summary>
    public void Shutdown() => _session.Shutdown();

    /// <summary>Whether the peer's certificate has the fingerprint that its offer named.</summary>
    public bool PeerMatches(in Fingerprint fingerprint)
    {
        byte[]? certificate = _session.GetPeerCertificate();
        if (certificate is null)
            return false;
        Span<byte> hash = stackalloc byte[64];
        int length = fingerprint.Algorithm switch
        {
            FingerprintAlgorithm.Sha256 => SHA256.HashData(certificate, hash),
            FingerprintAlgorithm.Sha384 => SHA384.HashData(certificate, hash),
            FingerprintAlgorithm.Sha512 => SHA512.HashData(certificate, hash),
            _ => 0,
        };
        return length > 0 && CryptographicOperations.FixedTimeEquals(hash[..length], fingerprint.Hash.Span);
    }

    /// <summary>Keying material for SRTP (RFC 5764 section 4.2).</summary>
    public bool TryExportSrtp(Span<byte> output) => _session.TryExport("EXTRACTOR-dtls_srtp"u8, output);

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private const int RecordHeaderBytes = 13;
    private const byte ContentChangeCipherSpec = 20;
    private const byte ContentHandshake = 22;

    private void CaptureFlight(long nowNs)
    {
        if (!_session.HasOutput)
            return;
        _flightLength = _flightSent = 0;
        while (_flightLength + 2 + _mtuBytes <= _flight.Length && _session.TryTake(_flight.AsSpan(_flightLength + 2, _mtuBytes), out int length))
        {
            BitConverter.TryWriteBytes(_flight.AsSpan(_flightLength), (ushort)length);
            _flightLength += 2 + length;
        }

        _timeoutNs = FirstTimeoutNs;
        _repeatAtNs = nowNs + _timeoutNs;
    }
}
