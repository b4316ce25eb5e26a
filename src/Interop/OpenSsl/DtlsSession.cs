using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.OpenSsl;

/// <summary>Where a DTLS session stands after a step.</summary>
public enum DtlsStep
{
    /// <summary>The handshake goes on: more datagrams are awaited.</summary>
    Handshaking,

    /// <summary>The handshake is through.</summary>
    Established,

    /// <summary>The peer closed the session (close_notify).</summary>
    Closed,

    /// <summary>A fatal error, ours or the peer's; <see cref="DtlsSession.FailureReason"/> has OpenSSL's text.</summary>
    Failed,
}

/// <summary>
/// One DTLS 1.2 association: datagrams in by <see cref="Handle"/>, out by <see cref="TryTake"/>. OpenSSL's own
/// retransmission timer, which reads the wall clock, is put out of reach (an hour); the caller repeats a lost
/// flight by its own clock. Not for two threads at once.
/// </summary>
public sealed unsafe class DtlsSession : IDisposable
{
    /// <summary>Longer datagrams are dropped: no path carries them whole, and no peer sends them.</summary>
    public const int MaxDatagramBytes = 4096;

    /// <summary>Type, version, epoch, number, length (RFC 6347 section 4.1).</summary>
    private const int RecordHeaderBytes = 13;

    private const uint NeverMicroseconds = 3_600_000_000;

    private readonly SslHandle _handle;
    private readonly nint _ssl;
    private DatagramBioState* _state;

    /// <summary>A session in the server's or the client's role, whose datagrams stay within <paramref name="mtuBytes"/>.</summary>
    public DtlsSession(DtlsContext context, bool isServer, int mtuBytes)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(mtuBytes, 256);
        _handle = LibSsl.SSL_new(context.Handle);
        if (_handle.IsInvalid)
            throw OpenSslException.Last(nameof(LibSsl.SSL_new));
        _ssl = _handle.DangerousGetHandle();
        _state = (DatagramBioState*)NativeMemory.AllocZeroed((nuint)(sizeof(DatagramBioState) + DatagramBio.OutCapacityBytes));
        _state->Out = (byte*)(_state + 1);
        _state->MtuBytes = mtuBytes;
        nint bio = DatagramBio.Create(_state);
        LibSsl.SSL_set_bio(_ssl, bio, bio);
        LibSsl.SSL_ctrl(_ssl, LibSsl.SSL_CTRL_SET_MTU, mtuBytes, null);
        LibSsl.DTLS_set_timer_cb(_ssl, &Never);
        if (isServer)
            LibSsl.SSL_set_accept_state(_ssl);
        else
            LibSsl.SSL_set_connect_state(_ssl);
    }

    /// <summary>Where the session stands.</summary>
    public DtlsStep Step { get; private set; }

    /// <summary>OpenSSL's reason, once <see cref="DtlsStep.Failed"/>.</summary>
    public string? FailureReason { get; private set; }

    /// <summary>Whether datagrams wait in <see cref="TryTake"/>.</summary>
    public bool HasOutput => _state->OutTaken < _state->OutLength;

    /// <summary>Whether <see cref="TryWrite"/> has room for one more record.</summary>
    public bool HasRoom => DatagramBio.OutCapacityBytes - _state->OutLength >= 2 + _state->MtuBytes;

    /// <summary>A client's first flight.</summary>
    public DtlsStep Start() => Advance();

    /// <summary>
    /// Takes one datagram from the peer: hostile until OpenSSL has checked it. Application data in it is read by
    /// <see cref="Read"/>, which must be called until it gives 0.
    /// </summary>
    public DtlsStep Handle(ReadOnlySpan<byte> datagram)
    {
        datagram = datagram[..BytesBeforeShortRecord(datagram)];
        if (Step is DtlsStep.Closed or DtlsStep.Failed || datagram.IsEmpty || datagram.Length > MaxDatagramBytes)
            return Step;
        fixed (byte* p = datagram)
        {
            // OpenSSL reads a datagram whole into its own buffer, so p need not live beyond this call.
            _state->In = p;
            _state->InLength = datagram.Length;
            if (Step == DtlsStep.Handshaking)
                Advance();
            if (Step == DtlsStep.Established)
                Pull();
            _state->In = null;
        }

        return Step;
    }

    private byte[]? _pulled;
    private int _pulledLength;
    private int _pulledTaken;

    /// <summary>Copies the next piece of application data; 0 for none.</summary>
    public int Read(Span<byte> buffer)
    {
        if (_pulledTaken >= _pulledLength)
            return 0;
        int length = BitConverter.ToUInt16(_pulled!, _pulledTaken);
        ReadOnlySpan<byte> record = _pulled.AsSpan(_pulledTaken + 2, length);
        _pulledTaken += 2 + length;
        int count = Math.Min(length, buffer.Length);
        record[..count].CopyTo(buffer);
        return count;
    }

    /// <summary>Encrypts one record. False where the queue is full or the session not established.</summary>
    public bool TryWrite(ReadOnlySpan<byte> data)
    {
        if (Step != DtlsStep.Established || data.IsEmpty || !HasRoom)
            return false;
        LibCrypto.ERR_clear_error();
        fixed (byte* p = data)
            return LibSsl.SSL_write(_ssl, p, data.Length) == data.Length;
    }

    /// <summary>Moves the next datagram for the peer into <paramref name="buffer"/>. One that does not fit is dropped.</summary>
    public bool TryTake(Span<byte> buffer, out int length)
    {
        length = 0;
        while (HasOutput)
        {
            byte* place = _state->Out + _state->OutTaken;
            int size = *(ushort*)place;
            _state->OutTaken += 2 + size;
            bool fits = size <= buffer.Length;
            if (fits)
                new ReadOnlySpan<byte>(place + 2, size).CopyTo(buffer);
            if (_state->OutTaken == _state->OutLength)
                _state->OutTaken = _state->OutLength = 0;
            if (fits)
            {
                length = size;
                return true;
            }
        }

        return false;
    }

    /// <summary>Queues a close_notify alert.</summary>
    public void Shutdown()
    {
        if (Step != DtlsStep.Established)
            return;
        LibCrypto.ERR_clear_error();
        _ = LibSsl.SSL_shutdown(_ssl);
        Step = DtlsStep.Closed;
    }

    /// <summary>Keying material by RFC 5705; false before the handshake is through.</summary>
    public bool TryExport(ReadOnlySpan<byte> label, Span<byte> output)
    {
        if (Step != DtlsStep.Established)
            return false;
        fixed (byte* l = label)
        fixed (byte* o = output)
            return LibSsl.SSL_export_keying_material(_ssl, o, (nuint)output.Length, l, (nuint)label.Length, null, 0, 0) == 1;
    }

    /// <summary>The agreed SRTP protection profile by its IANA number (7: AEAD_AES_128_GCM, 1: AES128_CM_SHA1_80); 0 for none.</summary>
    public int SrtpProfile
    {
        get
        {
            // SRTP_PROTECTION_PROFILE (ssl.h): const char *name; unsigned long id.
            nint profile = LibSsl.SSL_get_selected_srtp_profile(_ssl);
            return profile == 0 ? 0 : (int)((nuint*)profile)[1];
        }
    }

    /// <summary>The peer's certificate in DER, or null where it has shown none.</summary>
    [SuppressMessage("Design", "CA1024:Use properties where appropriate", Justification = "Copies.")]
    public byte[]? GetPeerCertificate()
    {
        nint certificate = LibSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
            return null;
        try
        {
            int length = LibCrypto.i2d_X509(certificate, null);
            if (length <= 0)
                return null;
            byte[] der = new byte[length];
            fixed (byte* p = der)
            {
                byte* end = p;
                return LibCrypto.i2d_X509(certificate, &end) == length ? der : null;
            }
        }
        finally
        {
            LibCrypto.X509_free(certificate);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_state == null)
            return;
        _handle.Dispose();
        NativeMemory.Free(_state);
        _state = null;
    }

    /// <summary>
    /// How much of a datagram lies before an encrypted record too short for nonce and tag. OpenSSL drops any other forgery
    /// (RFC 6347 section 4.1.2.7), but ends the session at that one: tls1_enc of OpenSSL 3.0 takes it for an internal error.
    /// </summary>
    private static int BytesBeforeShortRecord(ReadOnlySpan<byte> datagram)
    {
        int place = 0;
        while (datagram.Length - place >= RecordHeaderBytes)
        {
            int epoch = BinaryPrimitives.ReadUInt16BigEndian(datagram[(place + 3)..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[(place + 11)..]);
            if (epoch > 0 && length < DtlsContext.CipherOverheadBytes)
                return place;
            place += RecordHeaderBytes + length;
        }

        return datagram.Length;
    }

    private DtlsStep Advance()
    {
        LibCrypto.ERR_clear_error();
        int result = LibSsl.SSL_do_handshake(_ssl);
        if (result == 1)
            return Step = DtlsStep.Established;
        return Judge(LibSsl.SSL_get_error(_ssl, result));
    }

    /// <summary>Reads all records of the datagram: OpenSSL would not look at the rest of it later.</summary>
    private void Pull()
    {
        // Plaintexts with their two bytes of length are shorter than the records (13 + 8 + 16 bytes more each).
        _pulled ??= new byte[MaxDatagramBytes];
        _pulledLength = _pulledTaken = 0;
        fixed (byte* p = _pulled)
        {
            while (_pulledLength + 2 < _pulled.Length)
            {
                LibCrypto.ERR_clear_error();
                int count = LibSsl.SSL_read(_ssl, p + _pulledLength + 2, _pulled.Length - _pulledLength - 2);
                if (count <= 0)
                {
                    Judge(LibSsl.SSL_get_error(_ssl, count));
                    return;
                }

                *(ushort*)(p + _pulledLength) = (ushort)count;
                _pulledLength += 2 + count;
            }
        }
    }

    private DtlsStep Judge(int error)
    {
        switch (error)
        {
            case LibSsl.SSL_ERROR_WANT_READ or LibSsl.SSL_ERROR_WANT_WRITE:
                break;
            case LibSsl.SSL_ERROR_ZERO_RETURN:
                Step = DtlsStep.Closed;
                break;
            default:
                FailureReason = OpenSslException.LastError();
                Step = DtlsStep.Failed;
                break;
        }

        return Step;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint Never(nint ssl, uint previousMicroseconds) => NeverMicroseconds;
}
