using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.OpenSsl;

/// <summary>
/// A memory BIO that keeps the borders of datagrams, which BIO_s_mem loses: one datagram waits to be read,
/// and those written stand in a bounded queue. Its state is native memory, so the callbacks touch nothing managed.
/// </summary>
internal static unsafe class DatagramBio
{
    /// <summary>
    /// Room for datagrams not yet taken: a server's flight with two certificates (3 kB), and as much application
    /// data as one SCTP burst may hold. What does not fit is refused with "retry".
    /// </summary>
    public const int OutCapacityBytes = 16 * 1024;

    private static readonly nint s_method = CreateMethod();

    /// <summary>A BIO and its state; <see cref="LibSsl.SSL_free"/> frees the BIO, the owner the state after it.</summary>
    public static nint Create(DatagramBioState* state)
    {
        nint bio = LibCrypto.BIO_new(s_method);
        if (bio == 0)
            throw OpenSslException.Last(nameof(LibCrypto.BIO_new));
        LibCrypto.BIO_set_data(bio, state);
        LibCrypto.BIO_set_init(bio, 1);
        return bio;
    }

    private static nint CreateMethod()
    {
        nint method;
        fixed (byte* name = "qzc datagrams\0"u8)
            method = LibCrypto.BIO_meth_new(LibCrypto.BIO_get_new_index() | LibCrypto.BIO_TYPE_SOURCE_SINK, name);
        bool complete = method != 0
            && LibCrypto.BIO_meth_set_read(method, &Read) == 1
            && LibCrypto.BIO_meth_set_write(method, &Write) == 1
            && LibCrypto.BIO_meth_set_ctrl(method, &Control) == 1;
        return complete ? method : throw OpenSslException.Last(nameof(LibCrypto.BIO_meth_new));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* buffer, int length)
    {
        var state = (DatagramBioState*)LibCrypto.BIO_get_data(bio);
        LibCrypto.BIO_clear_flags(bio, LibCrypto.BIO_FLAGS_READ | LibCrypto.BIO_FLAGS_WRITE | LibCrypto.BIO_FLAGS_SHOULD_RETRY);
        if (state->In == null || length <= 0)
        {
            LibCrypto.BIO_set_flags(bio, LibCrypto.BIO_FLAGS_READ | LibCrypto.BIO_FLAGS_SHOULD_RETRY);
            return -1;
        }

        int count = Math.Min(length, state->InLength);
        Unsafe.CopyBlockUnaligned(buffer, state->In, (uint)count);
        state->In = null;
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* buffer, int length)
    {
        var state = (DatagramBioState*)LibCrypto.BIO_get_data(bio);
        LibCrypto.BIO_clear_flags(bio, LibCrypto.BIO_FLAGS_READ | LibCrypto.BIO_FLAGS_WRITE | LibCrypto.BIO_FLAGS_SHOULD_RETRY);
        if (length <= 0 || length > ushort.MaxValue || state->OutLength + 2 + length > OutCapacityBytes)
        {
            LibCrypto.BIO_set_flags(bio, LibCrypto.BIO_FLAGS_WRITE | LibCrypto.BIO_FLAGS_SHOULD_RETRY);
            return -1;
        }

        byte* place = state->Out + state->OutLength;
        *(ushort*)place = (ushort)length;
        Unsafe.CopyBlockUnaligned(place + 2, buffer, (uint)length);
        state->OutLength += 2 + length;
        return length;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint number, void* pointer) => command switch
    {
        LibCrypto.BIO_CTRL_FLUSH => 1,
        LibCrypto.BIO_CTRL_DGRAM_QUERY_MTU => ((DatagramBioState*)LibCrypto.BIO_get_data(bio))->MtuBytes,
        LibCrypto.BIO_CTRL_DGRAM_GET_MTU_OVERHEAD => 0,
        _ => 0,
    };
}

/// <summary>What a <see cref="DatagramBio"/> works on. <see cref="Out"/> holds length-prefixed datagrams.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DatagramBioState
{
    public byte* In;
    public int InLength;
    public int MtuBytes;
    public byte* Out;
    public int OutLength;
    public int OutTaken;
}
