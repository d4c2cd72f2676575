/* SPDX-License-Identifier: MIT */
/*
 * X(name, feature, bytes, status, instructions, hash): operands in XMM/YMM 0, 1 and 2, results in 0
 * and RAX. The hash covers the results of the sweep and, where status is 1, MXCSR; its value was
 * computed natively.
 */
#define VECTOR_OPERATIONS(X)                                                                       \
	X(addps, SSE2, 16, 1, "addps %%xmm1, %%xmm0", 0xaaad36ac87cb578f)                          \
	X(subps, SSE2, 16, 1, "subps %%xmm1, %%xmm0", 0x67a3c5937dc1e21a)                          \
	X(mulps, SSE2, 16, 1, "mulps %%xmm1, %%xmm0", 0xfea0db6a380b6904)                          \
	X(divps, SSE2, 16, 1, "divps %%xmm1, %%xmm0", 0x473020da2df47377)                          \
	X(minps, SSE2, 16, 1, "minps %%xmm1, %%xmm0", 0x50c3467bc969d9b1)                          \
	X(maxps, SSE2, 16, 1, "maxps %%xmm1, %%xmm0", 0xc4cd3807a2f246ec)                          \
	X(addss, SSE2, 16, 1, "addss %%xmm1, %%xmm0", 0xd69d15bc06b4bd6e)                          \
	X(subss, SSE2, 16, 1, "subss %%xmm1, %%xmm0", 0x3fd7c67df6aed591)                          \
	X(mulss, SSE2, 16, 1, "mulss %%xmm1, %%xmm0", 0xa5677230f1fc55e3)                          \
	X(divss, SSE2, 16, 1, "divss %%xmm1, %%xmm0", 0xf195e465d56c3b45)                          \
	X(minss, SSE2, 16, 1, "minss %%xmm1, %%xmm0", 0x714966463a9de591)                          \
	X(maxss, SSE2, 16, 1, "maxss %%xmm1, %%xmm0", 0xef048355207389d4)                          \
	X(sqrtps, SSE2, 16, 1, "sqrtps %%xmm1, %%xmm0", 0xf03cd9d298045261)                        \
	X(sqrtss, SSE2, 16, 1, "sqrtss %%xmm1, %%xmm0", 0x97594cdd5701cce2)                        \
	X(addpd, SSE2, 16, 1, "addpd %%xmm1, %%xmm0", 0xa0416d08ace79403)                          \
	X(subpd, SSE2, 16, 1, "subpd %%xmm1, %%xmm0", 0x9b275bd9718b1366)                          \
	X(mulpd, SSE2, 16, 1, "mulpd %%xmm1, %%xmm0", 0x17278443fe07fbf5)                          \
	X(divpd, SSE2, 16, 1, "divpd %%xmm1, %%xmm0", 0x256e60df3b976455)                          \
	X(minpd, SSE2, 16, 1, "minpd %%xmm1, %%xmm0", 0xb2aec5cff39431e)                           \
	X(maxpd, SSE2, 16, 1, "maxpd %%xmm1, %%xmm0", 0xbb63e66104b8ceca)                          \
	X(addsd, SSE2, 16, 1, "addsd %%xmm1, %%xmm0", 0x7ec72e3c120f5f65)                          \
	X(subsd, SSE2, 16, 1, "subsd %%xmm1, %%xmm0", 0xf042057d6f0af5d1)                          \
	X(mulsd, SSE2, 16, 1, "mulsd %%xmm1, %%xmm0", 0xe49dbd289d4e35d2)                          \
	X(divsd, SSE2, 16, 1, "divsd %%xmm1, %%xmm0", 0xf41c4205ccb9090b)                          \
	X(minsd, SSE2, 16, 1, "minsd %%xmm1, %%xmm0", 0xb27758fb0067001)                           \
	X(maxsd, SSE2, 16, 1, "maxsd %%xmm1, %%xmm0", 0x8fa12a06b326ab91)                          \
	X(sqrtpd, SSE2, 16, 1, "sqrtpd %%xmm1, %%xmm0", 0x5156f37985d66719)                        \
	X(sqrtsd, SSE2, 16, 1, "sqrtsd %%xmm1, %%xmm0", 0x150eafbe5aa1f26f)                        \
	X(andps, SSE2, 16, 0, "andps %%xmm1, %%xmm0", 0xc6239f2710f1fe32)                          \
	X(andnps, SSE2, 16, 0, "andnps %%xmm1, %%xmm0", 0x200153a3d45a4c9c)                        \
	X(orps, SSE2, 16, 0, "orps %%xmm1, %%xmm0", 0x89b655d5bf2008bd)                            \
	X(xorps, SSE2, 16, 0, "xorps %%xmm1, %%xmm0", 0x59ce84af31d2ac80)                          \
	X(unpcklps, SSE2, 16, 0, "unpcklps %%xmm1, %%xmm0", 0x12761fd11ec6e09f)                    \
	X(unpckhps, SSE2, 16, 0, "unpckhps %%xmm1, %%xmm0", 0x2f4deca2c150b631)                    \
	X(unpcklpd, SSE2, 16, 0, "unpcklpd %%xmm1, %%xmm0", 0x2ff322f09066bcee)                    \
	X(unpckhpd, SSE2, 16, 0, "unpckhpd %%xmm1, %%xmm0", 0x1fa86f7e10e3b786)                    \
	X(movss, SSE2, 16, 0, "movss %%xmm1, %%xmm0", 0xcc633b9c88e55cc1)                          \
	X(movsd, SSE2, 16, 0, "movsd %%xmm1, %%xmm0", 0x9d6414c2e4f20fcf)                          \
	X(movhlps, SSE2, 16, 0, "movhlps %%xmm1, %%xmm0", 0xf48632d29174c403)                      \
	X(movlhps, SSE2, 16, 0, "movlhps %%xmm1, %%xmm0", 0x2ff322f09066bcee)                      \
	X(cvtps2dq, SSE2, 16, 1, "cvtps2dq %%xmm1, %%xmm0", 0xe55fac155c7fcaeb)                    \
	X(cvttps2dq, SSE2, 16, 1, "cvttps2dq %%xmm1, %%xmm0", 0x45f9649135aeb574)                  \
	X(cvtdq2ps, SSE2, 16, 1, "cvtdq2ps %%xmm1, %%xmm0", 0x1bd006eddb499c6e)                    \
	X(cvtps2pd, SSE2, 16, 1, "cvtps2pd %%xmm1, %%xmm0", 0x8e3535fb6f395444)                    \
	X(cvtpd2ps, SSE2, 16, 1, "cvtpd2ps %%xmm1, %%xmm0", 0x2d84c1f1babc3efc)                    \
	X(cvtdq2pd, SSE2, 16, 1, "cvtdq2pd %%xmm1, %%xmm0", 0x59d6515c7d8b95f2)                    \
	X(cvtpd2dq, SSE2, 16, 1, "cvtpd2dq %%xmm1, %%xmm0", 0x83cf76afd3dbfe03)                    \
	X(cvttpd2dq, SSE2, 16, 1, "cvttpd2dq %%xmm1, %%xmm0", 0x83cf76afd3dbfe03)                  \
	X(cvtss2sd, SSE2, 16, 1, "cvtss2sd %%xmm1, %%xmm0", 0x73df98458f05e35d)                    \
	X(cvtsd2ss, SSE2, 16, 1, "cvtsd2ss %%xmm1, %%xmm0", 0xec2daecbd9e7e3d7)                    \
	X(cmpps0, SSE2, 16, 1, "cmpps $0, %%xmm1, %%xmm0", 0x7ba34ce4f71ac643)                     \
	X(cmpsd0, SSE2, 16, 1, "cmpsd $0, %%xmm1, %%xmm0", 0x4f74621beea697e7)                     \
	X(cmpps1, SSE2, 16, 1, "cmpps $1, %%xmm1, %%xmm0", 0xffbfc81ee9276dd9)                     \
	X(cmpsd1, SSE2, 16, 1, "cmpsd $1, %%xmm1, %%xmm0", 0x4d86e0eeaf986943)                     \
	X(cmpps2, SSE2, 16, 1, "cmpps $2, %%xmm1, %%xmm0", 0x2d416957bea57f40)                     \
	X(cmpsd2, SSE2, 16, 1, "cmpsd $2, %%xmm1, %%xmm0", 0xa67b6a29f5b0a135)                     \
	X(cmpps3, SSE2, 16, 1, "cmpps $3, %%xmm1, %%xmm0", 0xfe0db7e301c2abe1)                     \
	X(cmpsd3, SSE2, 16, 1, "cmpsd $3, %%xmm1, %%xmm0", 0xfb9e107335f553d4)                     \
	X(cmpps4, SSE2, 16, 1, "cmpps $4, %%xmm1, %%xmm0", 0xb93a3d0ab3a3a8eb)                     \
	X(cmpsd4, SSE2, 16, 1, "cmpsd $4, %%xmm1, %%xmm0", 0x5d627ff15440f57d)                     \
	X(cmpps5, SSE2, 16, 1, "cmpps $5, %%xmm1, %%xmm0", 0xccc5f4df1e6dd24e)                     \
	X(cmpsd5, SSE2, 16, 1, "cmpsd $5, %%xmm1, %%xmm0", 0x82dd5cf178098d8d)                     \
	X(cmpps6, SSE2, 16, 1, "cmpps $6, %%xmm1, %%xmm0", 0x498524535c8e05dd)                     \
	X(cmpsd6, SSE2, 16, 1, "cmpsd $6, %%xmm1, %%xmm0", 0x58c2703716055ec4)                     \
	X(cmpps7, SSE2, 16, 1, "cmpps $7, %%xmm1, %%xmm0", 0x231385ea64983859)                     \
	X(cmpsd7, SSE2, 16, 1, "cmpsd $7, %%xmm1, %%xmm0", 0xd9030a44bd00277)                      \
	X(paddb, SSE2, 16, 0, "paddb %%xmm1, %%xmm0", 0xf27be4b7ba61180a)                          \
	X(paddw, SSE2, 16, 0, "paddw %%xmm1, %%xmm0", 0x127dada95f4be34)                           \
	X(paddd, SSE2, 16, 0, "paddd %%xmm1, %%xmm0", 0x1b2d9f6d51dcdc5b)                          \
	X(paddq, SSE2, 16, 0, "paddq %%xmm1, %%xmm0", 0x158d13692c6bc4bd)                          \
	X(psubb, SSE2, 16, 0, "psubb %%xmm1, %%xmm0", 0x88741f70f62b1dd4)                          \
	X(psubw, SSE2, 16, 0, "psubw %%xmm1, %%xmm0", 0x6fcead761c4992b8)                          \
	X(psubd, SSE2, 16, 0, "psubd %%xmm1, %%xmm0", 0x43c020eb459fad5a)                          \
	X(psubq, SSE2, 16, 0, "psubq %%xmm1, %%xmm0", 0x15e6a0083b750a6b)                          \
	X(paddsb, SSE2, 16, 0, "paddsb %%xmm1, %%xmm0", 0x2c0c67f3608637ae)                        \
	X(paddsw, SSE2, 16, 0, "paddsw %%xmm1, %%xmm0", 0xfe01876575321c45)                        \
	X(paddusb, SSE2, 16, 0, "paddusb %%xmm1, %%xmm0", 0x719061141ff9d11c)                      \
	X(paddusw, SSE2, 16, 0, "paddusw %%xmm1, %%xmm0", 0x448b33222a7d056d)                      \
	X(psubsb, SSE2, 16, 0, "psubsb %%xmm1, %%xmm0", 0x2b639f91c3c81311)                        \
	X(psubsw, SSE2, 16, 0, "psubsw %%xmm1, %%xmm0", 0x8845c1ea1f46acd4)                        \
	X(psubusb, SSE2, 16, 0, "psubusb %%xmm1, %%xmm0", 0xb7261ca8345e597d)                      \
	X(psubusw, SSE2, 16, 0, "psubusw %%xmm1, %%xmm0", 0x7a81a294fcabcb24)                      \
	X(pmullw, SSE2, 16, 0, "pmullw %%xmm1, %%xmm0", 0xb42a4c28b2c9e46b)                        \
	X(pmulhw, SSE2, 16, 0, "pmulhw %%xmm1, %%xmm0", 0xc4d8701d609f799a)                        \
	X(pmulhuw, SSE2, 16, 0, "pmulhuw %%xmm1, %%xmm0", 0x51af72d10933eb0b)                      \
	X(pmuludq, SSE2, 16, 0, "pmuludq %%xmm1, %%xmm0", 0xc0189e774d4b519d)                      \
	X(pmaddwd, SSE2, 16, 0, "pmaddwd %%xmm1, %%xmm0", 0xc404cafc2f8bddb4)                      \
	X(pavgb, SSE2, 16, 0, "pavgb %%xmm1, %%xmm0", 0x60dbb2f266027e9f)                          \
	X(pavgw, SSE2, 16, 0, "pavgw %%xmm1, %%xmm0", 0x53920bb7c0cf6060)                          \
	X(psadbw, SSE2, 16, 0, "psadbw %%xmm1, %%xmm0", 0xb984707bf57eaf3a)                        \
	X(pminub, SSE2, 16, 0, "pminub %%xmm1, %%xmm0", 0xfd21ac4a5fe1ac56)                        \
	X(pmaxub, SSE2, 16, 0, "pmaxub %%xmm1, %%xmm0", 0x3142e2450270de29)                        \
	X(pminsw, SSE2, 16, 0, "pminsw %%xmm1, %%xmm0", 0x9966badb48d64d23)                        \
	X(pmaxsw, SSE2, 16, 0, "pmaxsw %%xmm1, %%xmm0", 0xc39fd581803ab4b5)                        \
	X(pcmpeqb, SSE2, 16, 0, "pcmpeqb %%xmm1, %%xmm0", 0xa4f3d19f6454e2f8)                      \
	X(pcmpeqw, SSE2, 16, 0, "pcmpeqw %%xmm1, %%xmm0", 0xebfcbd15589bf817)                      \
	X(pcmpeqd, SSE2, 16, 0, "pcmpeqd %%xmm1, %%xmm0", 0x70aa3b899695e88)                       \
	X(pcmpgtb, SSE2, 16, 0, "pcmpgtb %%xmm1, %%xmm0", 0x1d26d9f4a98d36c8)                      \
	X(pcmpgtw, SSE2, 16, 0, "pcmpgtw %%xmm1, %%xmm0", 0x667eb24168b325aa)                      \
	X(pcmpgtd, SSE2, 16, 0, "pcmpgtd %%xmm1, %%xmm0", 0x4be6f9c0a7d5b815)                      \
	X(pand, SSE2, 16, 0, "pand %%xmm1, %%xmm0", 0xc6239f2710f1fe32)                            \
	X(pandn, SSE2, 16, 0, "pandn %%xmm1, %%xmm0", 0x200153a3d45a4c9c)                          \
	X(por, SSE2, 16, 0, "por %%xmm1, %%xmm0", 0x89b655d5bf2008bd)                              \
	X(pxor, SSE2, 16, 0, "pxor %%xmm1, %%xmm0", 0x59ce84af31d2ac80)                            \
	X(packsswb, SSE2, 16, 0, "packsswb %%xmm1, %%xmm0", 0x617814e42a942536)                    \
	X(packssdw, SSE2, 16, 0, "packssdw %%xmm1, %%xmm0", 0x318075315ba1a48a)                    \
	X(packuswb, SSE2, 16, 0, "packuswb %%xmm1, %%xmm0", 0x778e1c7e9639824f)                    \
	X(punpcklbw, SSE2, 16, 0, "punpcklbw %%xmm1, %%xmm0", 0x7976806e06700305)                  \
	X(punpcklwd, SSE2, 16, 0, "punpcklwd %%xmm1, %%xmm0", 0xeea4a2fc2435c418)                  \
	X(punpckldq, SSE2, 16, 0, "punpckldq %%xmm1, %%xmm0", 0x12761fd11ec6e09f)                  \
	X(punpcklqdq, SSE2, 16, 0, "punpcklqdq %%xmm1, %%xmm0", 0x2ff322f09066bcee)                \
	X(punpckhbw, SSE2, 16, 0, "punpckhbw %%xmm1, %%xmm0", 0x97b9b6aff97d462c)                  \
	X(punpckhwd, SSE2, 16, 0, "punpckhwd %%xmm1, %%xmm0", 0xd712485f06f1c348)                  \
	X(punpckhdq, SSE2, 16, 0, "punpckhdq %%xmm1, %%xmm0", 0x2f4deca2c150b631)                  \
	X(punpckhqdq, SSE2, 16, 0, "punpckhqdq %%xmm1, %%xmm0", 0x1fa86f7e10e3b786)                \
	X(psllw, SSE2, 16, 0, "psllw %%xmm1, %%xmm0", 0x1a347331294a951c)                          \
	X(pslld, SSE2, 16, 0, "pslld %%xmm1, %%xmm0", 0x1a347331294a951c)                          \
	X(psllq, SSE2, 16, 0, "psllq %%xmm1, %%xmm0", 0x1a347331294a951c)                          \
	X(psrlw, SSE2, 16, 0, "psrlw %%xmm1, %%xmm0", 0x1a347331294a951c)                          \
	X(psrld, SSE2, 16, 0, "psrld %%xmm1, %%xmm0", 0x1a347331294a951c)                          \
	X(psrlq, SSE2, 16, 0, "psrlq %%xmm1, %%xmm0", 0x1a347331294a951c)                          \
	X(psraw, SSE2, 16, 0, "psraw %%xmm1, %%xmm0", 0xa1f459e87431ab16)                          \
	X(psrad, SSE2, 16, 0, "psrad %%xmm1, %%xmm0", 0x26d98e8108182c0a)                          \
	X(pshufd, SSE2, 16, 0, "pshufd $0x1b, %%xmm1, %%xmm0", 0x309a11ab406d849)                  \
	X(pshuflw, SSE2, 16, 0, "pshuflw $0x4e, %%xmm1, %%xmm0", 0x6ae557ec990e390c)               \
	X(pshufhw, SSE2, 16, 0, "pshufhw $0xb1, %%xmm1, %%xmm0", 0x969652dacec5ca58)               \
	X(shufps, SSE2, 16, 0, "shufps $0x8d, %%xmm1, %%xmm0", 0x9f5be2ba04a3e046)                 \
	X(shufpd, SSE2, 16, 0, "shufpd $1, %%xmm1, %%xmm0", 0xac4e54ebfd6f58f8)                    \
	X(pslldq_i, SSE2, 16, 0, "pslldq $5, %%xmm0", 0xfc2b5ccccff848f7)                          \
	X(psrldq_i, SSE2, 16, 0, "psrldq $3, %%xmm0", 0x76de465389a0f1fc)                          \
	X(psllw_i, SSE2, 16, 0, "psllw $3, %%xmm0", 0x4b679e120a5994cd)                            \
	X(psrad_i, SSE2, 16, 0, "psrad $9, %%xmm0", 0x228fcd83f2bfdd67)                            \
	X(psrlq_i, SSE2, 16, 0, "psrlq $33, %%xmm0", 0xad50c32cafbf04c3)                           \
	X(pmovmskb, SSE2, 16, 0, "pmovmskb %%xmm0, %%eax", 0x148822b8ed06bb46)                     \
	X(movmskps, SSE2, 16, 0, "movmskps %%xmm0, %%eax", 0xef872141c975d8a3)                     \
	X(movmskpd, SSE2, 16, 0, "movmskpd %%xmm0, %%eax", 0x921d03f8dca3a492)                     \
	X(pextrw, SSE2, 16, 0, "pextrw $5, %%xmm0, %%eax", 0x86cf8af7b45d75eb)                     \
	X(cvttss2si, SSE2, 16, 1, "cvttss2si %%xmm0, %%eax", 0x9ffc71ba673d37db)                   \
	X(cvtsd2si, SSE2, 16, 1, "cvtsd2si %%xmm0, %%rax", 0x49ee1b6fbe755c44)                     \
	X(cvtss2si, SSE2, 16, 1, "cvtss2si %%xmm0, %%rax", 0x7c21f5b38be56094)                     \
	X(cvttsd2si, SSE2, 16, 1, "cvttsd2si %%xmm0, %%eax", 0xc4c5e74e1799e7f)                    \
	X(comiss, SSE2, 16, 1, "comiss %%xmm1, %%xmm0; lahf", 0x773cabde66726362)                  \
	X(ucomiss, SSE2, 16, 1, "ucomiss %%xmm1, %%xmm0; lahf", 0xaf5c6fef8867bc77)                \
	X(comisd, SSE2, 16, 1, "comisd %%xmm1, %%xmm0; lahf", 0xb6945cdbcf4bb0f6)                  \
	X(ucomisd, SSE2, 16, 1, "ucomisd %%xmm1, %%xmm0; lahf", 0xb6945cdbcf4bb0f6)                \
	X(cvtsi2sd, SSE2, 16, 1, "movq %%xmm1, %%rax; cvtsi2sdq %%rax, %%xmm0",                    \
	  0x732cf4c524dfa203)                                                                      \
	X(cvtsi2ss, SSE2, 16, 1, "movd %%xmm1, %%eax; cvtsi2ssl %%eax, %%xmm0",                    \
	  0x2c4a830736cdcd37)                                                                      \
	X(pinsrw, SSE2, 16, 0, "movd %%xmm1, %%eax; pinsrw $3, %%eax, %%xmm0", 0x1477f030a5dac29b) \
	X(cvtpi2ps, SSE2, 16, 1, "movdq2q %%xmm1, %%mm0; cvtpi2ps %%mm0, %%xmm0; emms",            \
	  0x35acca1e43966be1)                                                                      \
	X(mmx, SSE2, 16, 0,                                                                        \
	  "movdq2q %%xmm0, %%mm0; movdq2q %%xmm1, %%mm1; paddsw %%mm1, %%mm0; pmaddwd %%mm1, "     \
	  "%%mm0; packssdw %%mm1, %%mm0; psubb %%mm1, %%mm0; movq2dq %%mm0, %%xmm0; emms",         \
	  0x27eba52987e106ea)                                                                      \
	X(addsubps, SSE3, 16, 1, "addsubps %%xmm1, %%xmm0", 0x9804937d24b73dd2)                    \
	X(addsubpd, SSE3, 16, 1, "addsubpd %%xmm1, %%xmm0", 0x99444b1e6d4275ac)                    \
	X(haddps, SSE3, 16, 1, "haddps %%xmm1, %%xmm0", 0x4bacffcbc79d41b5)                        \
	X(haddpd, SSE3, 16, 1, "haddpd %%xmm1, %%xmm0", 0x7d1561c78d52025e)                        \
	X(hsubps, SSE3, 16, 1, "hsubps %%xmm1, %%xmm0", 0xafde18892ad2b972)                        \
	X(hsubpd, SSE3, 16, 1, "hsubpd %%xmm1, %%xmm0", 0xfe6be89b63b09a3)                         \
	X(movshdup, SSE3, 16, 0, "movshdup %%xmm1, %%xmm0", 0xcdd94c231e00caef)                    \
	X(movsldup, SSE3, 16, 0, "movsldup %%xmm1, %%xmm0", 0xa62009451a042bb2)                    \
	X(movddup, SSE3, 16, 0, "movddup %%xmm1, %%xmm0", 0xb05e3a3a2fdc4ba1)                      \
	X(pshufb, SSSE3, 16, 0, "pshufb %%xmm1, %%xmm0", 0x494ab6d89f220c8c)                       \
	X(phaddw, SSSE3, 16, 0, "phaddw %%xmm1, %%xmm0", 0xae6402a46ecf553)                        \
	X(phaddd, SSSE3, 16, 0, "phaddd %%xmm1, %%xmm0", 0x22d05438bfb32a11)                       \
	X(phaddsw, SSSE3, 16, 0, "phaddsw %%xmm1, %%xmm0", 0x5bf381077416fba2)                     \
	X(phsubw, SSSE3, 16, 0, "phsubw %%xmm1, %%xmm0", 0x62bf9622c037747e)                       \
	X(phsubd, SSSE3, 16, 0, "phsubd %%xmm1, %%xmm0", 0x4ee47486e33f3725)                       \
	X(phsubsw, SSSE3, 16, 0, "phsubsw %%xmm1, %%xmm0", 0x846115e913131389)                     \
	X(pmaddubsw, SSSE3, 16, 0, "pmaddubsw %%xmm1, %%xmm0", 0x1ad90ba5906b56b5)                 \
	X(pmulhrsw, SSSE3, 16, 0, "pmulhrsw %%xmm1, %%xmm0", 0x480eceb25a1d204e)                   \
	X(psignb, SSSE3, 16, 0, "psignb %%xmm1, %%xmm0", 0x11a7850bfca70a03)                       \
	X(psignw, SSSE3, 16, 0, "psignw %%xmm1, %%xmm0", 0x789e84ea69801d51)                       \
	X(psignd, SSSE3, 16, 0, "psignd %%xmm1, %%xmm0", 0x799f9f4b2023fc1c)                       \
	X(pabsb, SSSE3, 16, 0, "pabsb %%xmm1, %%xmm0", 0x3e81a5c42ef3b016)                         \
	X(pabsw, SSSE3, 16, 0, "pabsw %%xmm1, %%xmm0", 0x56a64b9270e4b4d6)                         \
	X(pabsd, SSSE3, 16, 0, "pabsd %%xmm1, %%xmm0", 0xb17e0e1949b4e590)                         \
	X(palignr, SSSE3, 16, 0, "palignr $7, %%xmm1, %%xmm0", 0xc604a7495c7be06c)                 \
	X(pminsb, SSE41, 16, 0, "pminsb %%xmm1, %%xmm0", 0x4a4c4ad4ca7a90d9)                       \
	X(pminsd, SSE41, 16, 0, "pminsd %%xmm1, %%xmm0", 0xf0c0a964034e626a)                       \
	X(pminuw, SSE41, 16, 0, "pminuw %%xmm1, %%xmm0", 0x4fc8af01ab3a4ce2)                       \
	X(pminud, SSE41, 16, 0, "pminud %%xmm1, %%xmm0", 0xdd7cee584a3629f5)                       \
	X(pmaxsb, SSE41, 16, 0, "pmaxsb %%xmm1, %%xmm0", 0xf75d60401e5447e)                        \
	X(pmaxsd, SSE41, 16, 0, "pmaxsd %%xmm1, %%xmm0", 0x1e2b2543781c1c09)                       \
	X(pmaxuw, SSE41, 16, 0, "pmaxuw %%xmm1, %%xmm0", 0x298949197699750d)                       \
	X(pmaxud, SSE41, 16, 0, "pmaxud %%xmm1, %%xmm0", 0x10a02dd4736155b0)                       \
	X(pmulld, SSE41, 16, 0, "pmulld %%xmm1, %%xmm0", 0x96122dfeccd51a46)                       \
	X(pmuldq, SSE41, 16, 0, "pmuldq %%xmm1, %%xmm0", 0x5402ce6533c18b15)                       \
	X(packusdw, SSE41, 16, 0, "packusdw %%xmm1, %%xmm0", 0x20847ec7ce634a6f)                   \
	X(pcmpeqq, SSE41, 16, 0, "pcmpeqq %%xmm1, %%xmm0", 0xb13c1fe42152e598)                     \
	X(phminposuw, SSE41, 16, 0, "phminposuw %%xmm1, %%xmm0", 0x437a1af4ce2a5153)               \
	X(pmovsxbw, SSE41, 16, 0, "pmovsxbw %%xmm1, %%xmm0", 0x2f36c4fa274509f7)                   \
	X(pmovsxbd, SSE41, 16, 0, "pmovsxbd %%xmm1, %%xmm0", 0x56ff4779378cdcdb)                   \
	X(pmovsxbq, SSE41, 16, 0, "pmovsxbq %%xmm1, %%xmm0", 0x8784e1afffed1ad2)                   \
	X(pmovsxwd, SSE41, 16, 0, "pmovsxwd %%xmm1, %%xmm0", 0x84662fb397d4cd2f)                   \
	X(pmovsxwq, SSE41, 16, 0, "pmovsxwq %%xmm1, %%xmm0", 0x2a5ae6b3ab065313)                   \
	X(pmovsxdq, SSE41, 16, 0, "pmovsxdq %%xmm1, %%xmm0", 0xc0d6846edfc2a85c)                   \
	X(pmovzxbw, SSE41, 16, 0, "pmovzxbw %%xmm1, %%xmm0", 0xe20b9b715a115d9a)                   \
	X(pmovzxbd, SSE41, 16, 0, "pmovzxbd %%xmm1, %%xmm0", 0x21cef63e448f4278)                   \
	X(pmovzxbq, SSE41, 16, 0, "pmovzxbq %%xmm1, %%xmm0", 0x5911e88e71ea2b88)                   \
	X(pmovzxwd, SSE41, 16, 0, "pmovzxwd %%xmm1, %%xmm0", 0xcf52ce6da295a823)                   \
	X(pmovzxwq, SSE41, 16, 0, "pmovzxwq %%xmm1, %%xmm0", 0x31c52a48fe8cbfb9)                   \
	X(pmovzxdq, SSE41, 16, 0, "pmovzxdq %%xmm1, %%xmm0", 0xc8266a9bb637554)                    \
	X(mpsadbw, SSE41, 16, 0, "mpsadbw $5, %%xmm1, %%xmm0", 0xe714f15391567e98)                 \
	X(pblendw, SSE41, 16, 0, "pblendw $0xa6, %%xmm1, %%xmm0", 0xe884204a63535b14)              \
	X(blendps, SSE41, 16, 0, "blendps $6, %%xmm1, %%xmm0", 0x1cc2591841e9e3b1)                 \
	X(blendpd, SSE41, 16, 0, "blendpd $2, %%xmm1, %%xmm0", 0xacc2615183499a40)                 \
	X(insertps, SSE41, 16, 0, "insertps $0x9c, %%xmm1, %%xmm0", 0x88f7995dc04ddbe5)            \
	X(roundps, SSE41, 16, 1, "roundps $1, %%xmm1, %%xmm0", 0x1bb4306ec324c957)                 \
	X(roundpd, SSE41, 16, 1, "roundpd $2, %%xmm1, %%xmm0", 0x7e0b8bfbbdef9ee3)                 \
	X(roundss, SSE41, 16, 1, "roundss $3, %%xmm1, %%xmm0", 0x72aac582f57d6a25)                 \
	X(roundsd, SSE41, 16, 1, "roundsd $0, %%xmm1, %%xmm0", 0x889d76384bfe2210)                 \
	X(dppd, SSE41, 16, 1, "dppd $0x31, %%xmm1, %%xmm0", 0x57196dd314764722)                    \
	X(ptest, SSE41, 16, 0, "ptest %%xmm1, %%xmm0; lahf", 0xc35991deaa39e57d)                   \
	X(pblendvb, SSE41, 16, 0,                                                                  \
	  "movaps %%xmm2, %%xmm3; movaps %%xmm0, %%xmm4; movaps %%xmm2, %%xmm0; pblendvb %%xmm0, " \
	  "%%xmm1, %%xmm4; movaps %%xmm4, %%xmm0",                                                 \
	  0x953fe5b4f9e36a34)                                                                      \
	X(pextrq, SSE41, 16, 0, "pextrq $1, %%xmm0, %%rax", 0x5d1123637bc3e1a5)                    \
	X(pinsrd, SSE41, 16, 0, "movd %%xmm1, %%eax; pinsrd $2, %%eax, %%xmm0",                    \
	  0x6d5640ac80f77528)                                                                      \
	X(pcmpgtq, SSE42, 16, 0, "pcmpgtq %%xmm1, %%xmm0", 0x40c10796aceb2674)                     \
	X(pcmpistri_0, SSE42, 16, 0,                                                               \
	  "push %%rcx; pcmpistri $0, %%xmm1, %%xmm0; mov %%ecx, %%eax; pop %%rcx",                 \
	  0x1147fc2cea811e68)                                                                      \
	X(pcmpistrm_0, SSE42, 16, 0, "pcmpistrm $0, %%xmm1, %%xmm0", 0x663cc5cb41825fc9)           \
	X(pcmpistri_c, SSE42, 16, 0,                                                               \
	  "push %%rcx; pcmpistri $12, %%xmm1, %%xmm0; mov %%ecx, %%eax; pop %%rcx",                \
	  0x236393bb52ef98a6)                                                                      \
	X(pcmpistrm_c, SSE42, 16, 0, "pcmpistrm $12, %%xmm1, %%xmm0", 0x57f8f49f248bad40)          \
	X(pcmpistri_18, SSE42, 16, 0,                                                              \
	  "push %%rcx; pcmpistri $24, %%xmm1, %%xmm0; mov %%ecx, %%eax; pop %%rcx",                \
	  0x98f7e816d7b6bb08)                                                                      \
	X(pcmpistrm_18, SSE42, 16, 0, "pcmpistrm $24, %%xmm1, %%xmm0", 0xba1f6a401a193590)         \
	X(pcmpistri_44, SSE42, 16, 0,                                                              \
	  "push %%rcx; pcmpistri $68, %%xmm1, %%xmm0; mov %%ecx, %%eax; pop %%rcx",                \
	  0x5ede3dfd42d0ceb5)                                                                      \
	X(pcmpistrm_44, SSE42, 16, 0, "pcmpistrm $68, %%xmm1, %%xmm0", 0x5cf26cb7b539db35)         \
	X(pcmpistri_1a, SSE42, 16, 0,                                                              \
	  "push %%rcx; pcmpistri $26, %%xmm1, %%xmm0; mov %%ecx, %%eax; pop %%rcx",                \
	  0x98f7e816d7b6bb08)                                                                      \
	X(pcmpistrm_1a, SSE42, 16, 0, "pcmpistrm $26, %%xmm1, %%xmm0", 0xba1f6a401a193590)         \
	X(pcmpistri_7e, SSE42, 16, 0,                                                              \
	  "push %%rcx; pcmpistri $126, %%xmm1, %%xmm0; mov %%ecx, %%eax; pop %%rcx",               \
	  0x706a50402ca00774)                                                                      \
	X(pcmpistrm_7e, SSE42, 16, 0, "pcmpistrm $126, %%xmm1, %%xmm0", 0xadd1cd718ca37e93)        \
	X(crc32, SSE42, 16, 0, "movq %%xmm0, %%rax; crc32q %%rax, %%rax", 0x30b117d1d025c7d5)      \
	X(aesenc, AES, 16, 0, "aesenc %%xmm1, %%xmm0", 0xeec0e9e99a149ee0)                         \
	X(aesenclast, AES, 16, 0, "aesenclast %%xmm1, %%xmm0", 0x4d411c3ba18b25f6)                 \
	X(aesdec, AES, 16, 0, "aesdec %%xmm1, %%xmm0", 0x25fad75d9ec66210)                         \
	X(aesdeclast, AES, 16, 0, "aesdeclast %%xmm1, %%xmm0", 0x4ee9326a52c302dc)                 \
	X(aesimc, AES, 16, 0, "aesimc %%xmm1, %%xmm0", 0x97d40a20640cdcf6)                         \
	X(aeskeygenassist, AES, 16, 0, "aeskeygenassist $0x1b, %%xmm1, %%xmm0",                    \
	  0x1345b05f8b3a9f63)                                                                      \
	X(pclmulqdq0, PCLMUL, 16, 0, "pclmulqdq $0, %%xmm1, %%xmm0", 0x37936f9dda0e8514)           \
	X(pclmulqdq1, PCLMUL, 16, 0, "pclmulqdq $1, %%xmm1, %%xmm0", 0x38e3ae933755b7a8)           \
	X(pclmulqdq16, PCLMUL, 16, 0, "pclmulqdq $16, %%xmm1, %%xmm0", 0x261f8767ab8154e5)         \
	X(pclmulqdq17, PCLMUL, 16, 0, "pclmulqdq $17, %%xmm1, %%xmm0", 0x368184549cd4ebb8)         \
	X(sha1nexte, SHA, 16, 0, "sha1nexte %%xmm1, %%xmm0", 0xc55f26c7617299ac)                   \
	X(sha1msg1, SHA, 16, 0, "sha1msg1 %%xmm1, %%xmm0", 0xf8279d2b22b76529)                     \
	X(sha1msg2, SHA, 16, 0, "sha1msg2 %%xmm1, %%xmm0", 0x546c27ee4be8c255)                     \
	X(sha256msg1, SHA, 16, 0, "sha256msg1 %%xmm1, %%xmm0", 0x40b4b51cf38b310a)                 \
	X(sha256msg2, SHA, 16, 0, "sha256msg2 %%xmm1, %%xmm0", 0xd780a4bed629a658)                 \
	X(sha1rnds4, SHA, 16, 0, "sha1rnds4 $2, %%xmm1, %%xmm0", 0xa40a97f297d46d86)               \
	X(sha256rnds2, SHA, 16, 0,                                                                 \
	  "movaps %%xmm0, %%xmm3; movaps %%xmm2, %%xmm0; sha256rnds2 %%xmm0, %%xmm1, %%xmm3; "     \
	  "movaps %%xmm3, %%xmm0",                                                                 \
	  0x71079d69c861d1ea)                                                                      \
	X(vaddps, AVX, 32, 1, "vaddps %%ymm1, %%ymm2, %%ymm0", 0x93351d163614b02d)                 \
	X(vsubpd, AVX, 32, 1, "vsubpd %%ymm1, %%ymm2, %%ymm0", 0xfcab94e513dafb32)                 \
	X(vmulps, AVX, 32, 1, "vmulps %%ymm1, %%ymm2, %%ymm0", 0xc8e481b5eaebc34)                  \
	X(vdivpd, AVX, 32, 1, "vdivpd %%ymm1, %%ymm2, %%ymm0", 0xce37b44bd238ba9d)                 \
	X(vminps, AVX, 32, 1, "vminps %%ymm1, %%ymm2, %%ymm0", 0xcedaa4f3140fedb6)                 \
	X(vmaxpd, AVX, 32, 1, "vmaxpd %%ymm1, %%ymm2, %%ymm0", 0xcb8e3850c2fee0db)                 \
	X(vhaddps, AVX, 32, 1, "vhaddps %%ymm1, %%ymm2, %%ymm0", 0x72c0497bb7f56630)               \
	X(vaddsubpd, AVX, 32, 1, "vaddsubpd %%ymm1, %%ymm2, %%ymm0", 0xa79edba31e2b0db2)           \
	X(vandps, AVX, 32, 0, "vandps %%ymm1, %%ymm2, %%ymm0", 0xd007fee634b1565b)                 \
	X(vandnpd, AVX, 32, 0, "vandnpd %%ymm1, %%ymm2, %%ymm0", 0x41f5db13dd541e2)                \
	X(vorps, AVX, 32, 0, "vorps %%ymm1, %%ymm2, %%ymm0", 0xc5fe10bd7452ecda)                   \
	X(vxorpd, AVX, 32, 0, "vxorpd %%ymm1, %%ymm2, %%ymm0", 0x6af2e1651459800c)                 \
	X(vunpcklps, AVX, 32, 0, "vunpcklps %%ymm1, %%ymm2, %%ymm0", 0x9db5010eb16c7074)           \
	X(vunpckhpd, AVX, 32, 0, "vunpckhpd %%ymm1, %%ymm2, %%ymm0", 0x9ea4e164adb6426f)           \
	X(vpermilps, AVX, 32, 0, "vpermilps %%ymm1, %%ymm2, %%ymm0", 0x82e5ae11500d482e)           \
	X(vpaddd_128, AVX, 32, 0, "vpaddd %%xmm1, %%xmm2, %%xmm0", 0x4ba6c997249b55fd)             \
	X(vpshufb_128, AVX, 32, 0, "vpshufb %%xmm1, %%xmm2, %%xmm0", 0x18a1086f6e7bb5bf)           \
	X(vpcmpeqw_128, AVX, 32, 0, "vpcmpeqw %%xmm1, %%xmm2, %%xmm0", 0x448da61db8a22d6d)         \
	X(vpmullw_128, AVX, 32, 0, "vpmullw %%xmm1, %%xmm2, %%xmm0", 0x89f050fd60cfbb01)           \
	X(vperm2f128, AVX, 32, 0, "vperm2f128 $0x21, %%ymm1, %%ymm2, %%ymm0", 0xa72fe3ec550b97c0)  \
	X(vshufps, AVX, 32, 0, "vshufps $0x8d, %%ymm1, %%ymm2, %%ymm0", 0xf41986168ba80a57)        \
	X(vblendps, AVX, 32, 0, "vblendps $0x5a, %%ymm1, %%ymm2, %%ymm0", 0x499b41c28cc1de74)      \
	X(vcmpps, AVX, 32, 1, "vcmpps $0x1d, %%ymm1, %%ymm2, %%ymm0", 0xbb867d8615338e41)          \
	X(vsqrtps, AVX, 32, 1, "vsqrtps %%ymm1, %%ymm0", 0x3abf3944ca28d271)                       \
	X(vroundpd, AVX, 32, 1, "vroundpd $1, %%ymm1, %%ymm0", 0x89046abf12e7607)                  \
	X(vblendvps, AVX, 32, 0, "vblendvps %%ymm0, %%ymm1, %%ymm2, %%ymm0", 0x3375e974f69022ad)   \
	X(vptest, AVX, 32, 0, "vptest %%ymm1, %%ymm0; lahf", 0x592a7e9b36e341c6)                   \
	X(vtestps, AVX, 32, 0, "vtestps %%ymm1, %%ymm0; lahf", 0x915a819b358c7db4)                 \
	X(vinsertf128, AVX, 32, 0, "vinsertf128 $1, %%xmm1, %%ymm0, %%ymm0", 0x502b841eb2c433e4)   \
	X(vextractf128, AVX, 32, 0, "vextractf128 $1, %%ymm1, %%xmm0", 0x2d10340a84a7adea)         \
	X(vzeroupper, AVX, 32, 0, "vzeroupper", 0x5ca259e0a5a4e966)                                \
	X(vmovaps_128, AVX, 32, 0, "vmovaps %%xmm1, %%xmm0", 0xa54a589f961c7748)                   \
	X(sse_keeps_upper, AVX, 32, 0, "movaps %%xmm1, %%xmm0", 0xf21f535a5fbfbc1e)                \
	X(vpaddb, AVX2, 32, 0, "vpaddb %%ymm1, %%ymm2, %%ymm0", 0xfbbfc2116872df00)                \
	X(vpaddusw, AVX2, 32, 0, "vpaddusw %%ymm1, %%ymm2, %%ymm0", 0xbbbde218f548dc61)            \
	X(vpsubq, AVX2, 32, 0, "vpsubq %%ymm1, %%ymm2, %%ymm0", 0x1a62e33df47f7ab8)                \
	X(vpmulhuw, AVX2, 32, 0, "vpmulhuw %%ymm1, %%ymm2, %%ymm0", 0xed2d74ea13bba7ae)            \
	X(vpmuludq, AVX2, 32, 0, "vpmuludq %%ymm1, %%ymm2, %%ymm0", 0xf103208feefa0c3c)            \
	X(vpmaddwd, AVX2, 32, 0, "vpmaddwd %%ymm1, %%ymm2, %%ymm0", 0x3c12921a0599863c)            \
	X(vpsadbw, AVX2, 32, 0, "vpsadbw %%ymm1, %%ymm2, %%ymm0", 0x91ddd55382dce28c)              \
	X(vpcmpgtq, AVX2, 32, 0, "vpcmpgtq %%ymm1, %%ymm2, %%ymm0", 0x33f5d83ae41cf975)            \
	X(vpackssdw, AVX2, 32, 0, "vpackssdw %%ymm1, %%ymm2, %%ymm0", 0x21d5143ecd73c727)          \
	X(vpackuswb, AVX2, 32, 0, "vpackuswb %%ymm1, %%ymm2, %%ymm0", 0x5445d87b0ac47276)          \
	X(vpunpcklbw, AVX2, 32, 0, "vpunpcklbw %%ymm1, %%ymm2, %%ymm0", 0xf2c767ee1009583)         \
	X(vpunpckhdq, AVX2, 32, 0, "vpunpckhdq %%ymm1, %%ymm2, %%ymm0", 0xd1a0baa275992b85)        \
	X(vpshufb, AVX2, 32, 0, "vpshufb %%ymm1, %%ymm2, %%ymm0", 0xac8afae917b0df75)              \
	X(vphaddd, AVX2, 32, 0, "vphaddd %%ymm1, %%ymm2, %%ymm0", 0xe1644aa69e86f4f2)              \
	X(vpsignw, AVX2, 32, 0, "vpsignw %%ymm1, %%ymm2, %%ymm0", 0xfa309f60716d33c8)              \
	X(vpsllvd, AVX2, 32, 0, "vpsllvd %%ymm1, %%ymm2, %%ymm0", 0x16effb879966b60e)              \
	X(vpsrlvq, AVX2, 32, 0, "vpsrlvq %%ymm1, %%ymm2, %%ymm0", 0xfdfc283b3c09e6c6)              \
	X(vpsravd, AVX2, 32, 0, "vpsravd %%ymm1, %%ymm2, %%ymm0", 0xee1321a0680fda93)              \
	X(vpermd, AVX2, 32, 0, "vpermd %%ymm1, %%ymm2, %%ymm0", 0x6da357e4aacdb01a)                \
	X(vpmulld, AVX2, 32, 0, "vpmulld %%ymm1, %%ymm2, %%ymm0", 0x5bc62fc8008d92af)              \
	X(vpalignr, AVX2, 32, 0, "vpalignr $9, %%ymm1, %%ymm2, %%ymm0", 0x42bbfe58732f93f4)        \
	X(vpblendd, AVX2, 32, 0, "vpblendd $0xa5, %%ymm1, %%ymm2, %%ymm0", 0xebaa94df4f7d1107)     \
	X(vperm2i128, AVX2, 32, 0, "vperm2i128 $0x13, %%ymm1, %%ymm2, %%ymm0", 0x654ceab89079e200) \
	X(vmpsadbw, AVX2, 32, 0, "vmpsadbw $0x2a, %%ymm1, %%ymm2, %%ymm0", 0x26a6ddbc370cdf7)      \
	X(vpermq, AVX2, 32, 0, "vpermq $0x1b, %%ymm1, %%ymm0", 0x139ebe8ec17ec70e)                 \
	X(vpshufd, AVX2, 32, 0, "vpshufd $0x93, %%ymm1, %%ymm0", 0x903e01d9f44829e4)               \
	X(vpbroadcastb, AVX2, 32, 0, "vpbroadcastb %%xmm1, %%ymm0", 0xeb2b3187a1492fbe)            \
	X(vpbroadcastd, AVX2, 32, 0, "vpbroadcastd %%xmm1, %%ymm0", 0x907c6ce346fd4139)            \
	X(vpmovsxbw, AVX2, 32, 0, "vpmovsxbw %%xmm1, %%ymm0", 0x9215e5ad10bfff76)                  \
	X(vpmovzxwq, AVX2, 32, 0, "vpmovzxwq %%xmm1, %%ymm0", 0x751fd224b6e3495c)                  \
	X(vpbroadcastq, AVX2, 32, 0, "vpbroadcastq %%xmm1, %%ymm0", 0x641e7e54c0dd4cb2)            \
	X(vpmovmskb, AVX2, 32, 0, "vpmovmskb %%ymm0, %%eax", 0x79ec6d688a1b09eb)                   \
	X(vpabsd, AVX2, 32, 0, "vpabsd %%ymm1, %%ymm0", 0xbffabf93310cd0ed)                        \
	X(vfmadd132ps, FMA, 32, 1, "vfmadd132ps %%ymm1, %%ymm2, %%ymm0", 0x6b51b625e0985fb1)       \
	X(vfmadd213pd, FMA, 32, 1, "vfmadd213pd %%ymm1, %%ymm2, %%ymm0", 0xf8c4e8880f1db97e)       \
	X(vfmsub231ps, FMA, 32, 1, "vfmsub231ps %%ymm1, %%ymm2, %%ymm0", 0xd5c1ebc635b0b65e)       \
	X(vfnmadd213ps, FMA, 32, 1, "vfnmadd213ps %%ymm1, %%ymm2, %%ymm0", 0x5e7e9bf2068c5aea)     \
	X(vfnmsub132pd, FMA, 32, 1, "vfnmsub132pd %%ymm1, %%ymm2, %%ymm0", 0x9a787115a5d9b48c)     \
	X(vfmaddsub213ps, FMA, 32, 1, "vfmaddsub213ps %%ymm1, %%ymm2, %%ymm0", 0x48965de323ebb65e) \
	X(vfmsubadd231pd, FMA, 32, 1, "vfmsubadd231pd %%ymm1, %%ymm2, %%ymm0", 0x28719deacf275045) \
	X(vfmadd231ss, FMA, 32, 1, "vfmadd231ss %%xmm1, %%xmm2, %%xmm0", 0x8ea98b993afbf4c4)       \
	X(vfnmadd132sd, FMA, 32, 1, "vfnmadd132sd %%xmm1, %%xmm2, %%xmm0", 0xf3ec434cb6ed81a3)     \
	X(vcvtps2ph, F16C, 32, 1, "vcvtps2ph $0, %%ymm1, %%xmm0", 0xfab2829a8ac527df)              \
	X(vcvtph2ps, F16C, 32, 1, "vcvtph2ps %%xmm1, %%ymm0", 0xa1d6e3f2145ff2ba)

/* X(name, instructions, status bits, hash): ST(0) and ST(1) hold the operands; what is left on top
 * is stored. */
#define X87_OPERATIONS(X)                                                                          \
	X(fadd, "faddp", 0x3f, 0xc63a4986e4f38230)                                                 \
	X(fsub, "fsubp", 0x3f, 0x714052a708d86199)                                                 \
	X(fsubr, "fsubrp", 0x3f, 0x784581be9ead14cf)                                               \
	X(fmul, "fmulp", 0x3f, 0x3eada5c542c83cb0)                                                 \
	X(fdiv, "fdivp", 0x3f, 0x5632fd065cdf9890)                                                 \
	X(fdivr, "fdivrp", 0x3f, 0x184ba6f968fd1290)                                               \
	X(fsqrt, "fstp %%st(1); fsqrt", 0x3f, 0x863ed88a6c9bc7e)                                   \
	X(frndint, "fstp %%st(1); frndint", 0x3f, 0x8fcd861433feb9ca)                              \
	X(fabs, "fstp %%st(1); fabs", 0x0, 0x8acd0bdbb76b16a6)                                     \
	X(fchs, "fstp %%st(1); fchs", 0x0, 0xcfde96af5fc01b00)                                     \
	X(fcom, "fcom; fstp %%st(1)", 0x453f, 0x867a44988a4ff34d)                                  \
	X(fucom, "fucom; fstp %%st(1)", 0x453f, 0x56ffe7af91f1e9ab)                                \
	X(fxam, "fxam; fstp %%st(1)", 0x4700, 0x2e99e5104a185de1)                                  \
	X(fscale, "fscale; fstp %%st(1)", 0x3f, 0xf6c4c50b0d9055d0)                                \
	X(fxtract, "fxtract; fstp %%st(1); fstp %%st(1)", 0x3f, 0x40fc10c203df2d1f)                \
	X(fxtract_exponent, "fxtract; fstp %%st(0); fstp %%st(1)", 0x3f, 0x594f3ec152610d4a)       \
	X(fprem, "1: fprem; fnstsw %%ax; test $0x400, %%eax; jnz 1b; fstp %%st(1)", 0x3f,          \
	  0xdd58370cbd21c74d)                                                                      \
	X(fprem1, "1: fprem1; fnstsw %%ax; test $0x400, %%eax; jnz 1b; fstp %%st(1)", 0x3f,        \
	  0xa38243b82f7aefb2)                                                                      \
	X(fcomi,                                                                                   \
	  "fcomi; lahf; fstp %%st(0); fstp %%st(0); movzbl %%ah, %%eax; push %%rax; fildll "       \
	  "(%%rsp); pop %%rax",                                                                    \
	  0x3f, 0x9ba6a3fa7c8ee7f3)                                                                \
	X(fcmovb, "stc; fcmovb %%st(1), %%st; fstp %%st(1)", 0x0, 0x549d83f2a84b1cab)              \
	X(fist, "fstp %%st(1); sub $16, %%rsp; fistpll (%%rsp); fildll (%%rsp); add $16, %%rsp",   \
	  0x3f, 0xb6b44086e8a223fd)                                                                \
	X(fist16, "fstp %%st(1); sub $16, %%rsp; fistps (%%rsp); filds (%%rsp); add $16, %%rsp",   \
	  0x3f, 0xe057cd69f042afc4)                                                                \
	X(fisttp, "fstp %%st(1); sub $16, %%rsp; fisttpl (%%rsp); fildl (%%rsp); add $16, %%rsp",  \
	  0x3f, 0xcc21939a34e1168a)                                                                \
	X(single, "fstp %%st(1); sub $16, %%rsp; fstps (%%rsp); flds (%%rsp); add $16, %%rsp",     \
	  0x3f, 0x792e84316e833c3)                                                                 \
	X(bcd, "fstp %%st(1); sub $16, %%rsp; fbstp (%%rsp); fildll (%%rsp); add $16, %%rsp",      \
	  0x3f, 0x7def7f864e78e7bd)                                                                \
	X(constants,                                                                               \
	  "fstp %%st(0); fstp %%st(0); fldpi; fldl2e; faddp; fldl2t; faddp; fldlg2; faddp; "       \
	  "fldln2; faddp; fld1; faddp",                                                            \
	  0x3f, 0xd1359349fa0807c1)
